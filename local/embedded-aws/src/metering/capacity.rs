//! Request units of one DynamoDB request, from the JSON of the request and of its answer.

use dynoxide::{Item, types};
use serde_json::{Map, Value};

/// Cost of a request. Unit: request units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Units {
    pub(super) read: f64,
    pub(super) write: f64,
}

impl Units {
    fn read(read: f64) -> Self {
        Self { read, write: 0.0 }
    }

    fn write(write: f64) -> Self {
        Self { read: 0.0, write }
    }
}

/// Underlying writes of an item in a transaction: prepare and commit.
///
/// Source: DynamoDB Developer Guide, "Amazon DynamoDB Transactions: How it works", capacity management.
const WRITES_PER_TRANSACTED_ITEM: f64 = 2.0;

/// Whether the operation accepts `ReturnConsumedCapacity`.
pub(super) fn is_reported_by(operation: &str) -> bool {
    is_write(operation)
        || matches!(operation, "BatchGetItem" | "GetItem" | "Query" | "Scan" | "TransactGetItems")
}

fn is_write(operation: &str) -> bool {
    matches!(operation, "BatchWriteItem" | "DeleteItem" | "PutItem" | "TransactWriteItems" | "UpdateItem")
}

/// Units that `operation` was charged, given its request and its answer.
///
/// Exact for a success. A failed conditional write is charged for the larger of the stored item and a put's new item;
/// the new item of an update is unknown. A cancelled transaction is charged as if it had been committed, by the items
/// in its puts and its reasons, with one unit for any other action.
///
/// Source: DynamoDB Developer Guide, "Write capacity" under "Read and write operations", for failed conditional writes.
/// The charge for a cancelled transaction is an upper bound.
pub(super) fn of(operation: &str, asked: &Map<String, Value>, answered: &Map<String, Value>) -> Units {
    let error = answered.get("__type").and_then(Value::as_str).and_then(|name| name.rsplit('#').next());
    match error {
        None => reported(operation, answered.get("ConsumedCapacity")),
        Some("ConditionalCheckFailedException") => Units::write(write_units([asked, answered])),
        Some("TransactionCanceledException") if is_write(operation) => {
            Units::write(cancelled(asked, answered))
        }
        Some(_) => Units::default(),
    }
}

fn reported(operation: &str, consumed: Option<&Value>) -> Units {
    match consumed {
        Some(Value::Array(tables)) => tables.iter().fold(Units::default(), |sum, table| {
            let table = reported(operation, Some(table));
            Units { read: sum.read + table.read, write: sum.write + table.write }
        }),
        Some(Value::Object(table)) => {
            let units = |name| table.get(name).and_then(Value::as_f64);
            let (read, write) = (units("ReadCapacityUnits"), units("WriteCapacityUnits"));
            let total = units("CapacityUnits").unwrap_or_default();
            match (read, write) {
                (None, None) if is_write(operation) => Units::write(total),
                (None, None) => Units::read(total),
                (read, write) => Units { read: read.unwrap_or_default(), write: write.unwrap_or_default() },
            }
        }
        _ => Units::default(),
    }
}

fn cancelled(asked: &Map<String, Value>, answered: &Map<String, Value>) -> f64 {
    let list = |body: &Map<String, Value>, name| body.get(name).and_then(Value::as_array).cloned();
    let actions = list(asked, "TransactItems").unwrap_or_default();
    let reasons = list(answered, "CancellationReasons").unwrap_or_default();
    let units = actions.iter().enumerate().map(|(index, action)| {
        let put = action.get("Put").and_then(Value::as_object);
        let reason = reasons.get(index).and_then(Value::as_object);
        WRITES_PER_TRANSACTED_ITEM * write_units(put.into_iter().chain(reason))
    });
    units.sum()
}

/// Units to write the largest `Item` among `holders`, at least one.
fn write_units<'a>(holders: impl IntoIterator<Item = &'a Map<String, Value>>) -> f64 {
    let items = holders.into_iter().filter_map(|holder| holder.get("Item"));
    let bytes = items.filter_map(|item| serde_json::from_value::<Item>(item.clone()).ok());
    types::write_capacity_units(bytes.map(|item| types::item_size(&item)).max().unwrap_or_default())
}
