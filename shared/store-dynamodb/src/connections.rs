//! Connections in a session row.
//!
//! Shape: `{"c#<connection>" M {device S, opened_at_ms N, family S?, idle BOOL?} …, "s#<device>" SS of connections …,
//! "x#<connection>" M {device S, displaced_at_ms N} …}`. Each connection has a top-level attribute, so that it is added
//! and removed independently of the others. Each device has a set of its connections, whose size a condition can bound.
//! Displaced connections have a prefix of their own. Rows of earlier versions have connections without `family`, and no
//! sets; a set then counts the connections that are registered from now on.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use confab_app::ports::{Connection, ConnectionChange, ConnectionKey, DisplacedConnection, StoreError};
use confab_domain::sockets::{REGISTERED_PER_DEVICE_MAX, SOCKETS_PER_DEVICE_MAX};
use confab_domain::{Attendance, ConnectionId, DeviceId, Timestamp};

use crate::devices::FAMILY;
use crate::item::{Item, Reader, number, text, time};
use crate::schema::DEVICE;
use crate::session_row::{ENDS_AT_MS, LAST_ACTIVE_AT_MS};

const OPENED_AT_MS: &str = "opened_at_ms";
pub(crate) const IDLE: &str = "idle";
const DISPLACED_AT_MS: &str = "displaced_at_ms";
const CONNECTION_PREFIX: &str = "c#";
const PLACES_PREFIX: &str = "s#";
const DISPLACED_PREFIX: &str = "x#";

/// Most connections that one write changes.
///
/// An expression has at most 4 KB and 300 operators; one connection takes some 20 bytes and 3 operators.
/// Source: Amazon DynamoDB developer guide, "Quotas".
const CHANGED_TOGETHER_MAX: usize = 50;

/// Registers a connection unless its device has too many in the row. Also takes `#active`, `:now` and `#ends`.
const OPENING: &str = "SET #connection = :connection, #active = :now REMOVE #ends ADD #places :id";

const HAS_ROOM: &str =
    "(attribute_not_exists(#places) OR size(#places) < :places_max OR contains(#places, :connection_id))";

/// Attribute of a registered connection.
pub(crate) fn attribute_of(connection: &ConnectionId) -> String {
    format!("{CONNECTION_PREFIX}{connection}")
}

/// Attribute of a displaced connection.
fn displaced_attribute_of(connection: &ConnectionId) -> String {
    format!("{DISPLACED_PREFIX}{connection}")
}

/// Attribute with the set of a device's connections.
fn places_of(device: DeviceId) -> String {
    format!("{PLACES_PREFIX}{device}")
}

fn value_of(connection: &Connection) -> AttributeValue {
    let mut value = Item::from([
        (DEVICE.to_owned(), text(connection.device)),
        (OPENED_AT_MS.to_owned(), time(connection.opened_at)),
    ]);
    value.extend(connection.family.map(|family| (FAMILY.to_owned(), text(family))));
    value.extend(idle(connection.attendance).map(|idle| (IDLE.to_owned(), idle)));
    AttributeValue::M(value)
}

/// What the frames of a connection have stated, if anything.
pub(crate) fn idle(attendance: Attendance) -> Option<AttributeValue> {
    match attendance {
        Attendance::Unstated => None,
        Attendance::Attended => Some(AttributeValue::Bool(false)),
        Attendance::Idle => Some(AttributeValue::Bool(true)),
    }
}

fn set_of<'a>(ids: impl IntoIterator<Item = &'a ConnectionId>) -> AttributeValue {
    let ids: BTreeSet<String> = ids.into_iter().map(ToString::to_string).collect();
    AttributeValue::Ss(ids.into_iter().collect())
}

fn limit(places: usize) -> AttributeValue {
    number(u64::try_from(places).unwrap_or(u64::MAX))
}

/// Update that registers the connection of a handshake.
pub(crate) fn opening(update: UpdateItemFluentBuilder, connection: &Connection) -> UpdateItemFluentBuilder {
    update
        .update_expression(OPENING)
        .condition_expression(HAS_ROOM)
        .expression_attribute_names("#connection", attribute_of(&connection.id))
        .expression_attribute_names("#places", places_of(connection.device))
        .expression_attribute_values(":connection", value_of(connection))
        .expression_attribute_values(":id", set_of([&connection.id]))
        .expression_attribute_values(":connection_id", text(&connection.id))
        .expression_attribute_values(":places_max", limit(REGISTERED_PER_DEVICE_MAX))
}

/// Update that registers a connection again whose registration was lost.
pub(crate) fn reopening(connection: &Connection, now: Timestamp) -> UpdateBuilder {
    Update::builder()
        .update_expression(OPENING)
        .condition_expression(format!("attribute_not_exists(#displaced) AND {HAS_ROOM}"))
        .expression_attribute_names("#displaced", displaced_attribute_of(&connection.id))
        .expression_attribute_names("#active", LAST_ACTIVE_AT_MS)
        .expression_attribute_names("#ends", ENDS_AT_MS)
        .expression_attribute_names("#connection", attribute_of(&connection.id))
        .expression_attribute_names("#places", places_of(connection.device))
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":connection", value_of(connection))
        .expression_attribute_values(":id", set_of([&connection.id]))
        .expression_attribute_values(":connection_id", text(&connection.id))
        .expression_attribute_values(":places_max", limit(SOCKETS_PER_DEVICE_MAX))
}

/// One write of a change.
#[derive(Debug, Default)]
pub(crate) struct ChangeUpdate {
    set: Vec<String>,
    remove: Vec<String>,
    delete: Vec<String>,
    names: BTreeMap<String, String>,
    values: Item,
}

impl ChangeUpdate {
    pub(crate) fn apply_to(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let clauses = [("SET", self.set), ("REMOVE", self.remove), ("DELETE", self.delete)];
        let clauses = clauses.into_iter().filter(|(_, actions)| !actions.is_empty());
        let expression = clauses.map(|(clause, actions)| format!("{clause} {}", actions.join(", ")));
        let update = update.update_expression(expression.collect::<Vec<_>>().join(" "));
        let update = self
            .names
            .into_iter()
            .fold(update, |update, (name, attribute)| update.expression_attribute_names(name, attribute));
        self.values
            .into_iter()
            .fold(update, |update, (name, value)| update.expression_attribute_values(name, value))
    }

    fn remove(&mut self, attribute: String) {
        let name = self.name(attribute);
        self.remove.push(name);
    }

    fn name(&mut self, attribute: String) -> String {
        let name = format!("#n{}", self.names.len());
        self.names.insert(name.clone(), attribute);
        name
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let name = format!(":v{}", self.values.len());
        self.values.insert(name.clone(), value);
        name
    }
}

#[derive(Clone, Copy)]
enum Becomes<'a> {
    Closed(&'a ConnectionKey),
    Displaced(&'a ConnectionKey),
    Forgotten(&'a ConnectionKey),
}

/// Writes that a change needs.
pub(crate) fn changes(change: &ConnectionChange, now: Timestamp) -> Vec<ChangeUpdate> {
    let ConnectionChange { closed, displaced, forgotten } = change;
    let all: Vec<Becomes<'_>> = displaced
        .iter()
        .map(Becomes::Displaced)
        .chain(closed.iter().map(Becomes::Closed))
        .chain(forgotten.iter().map(Becomes::Forgotten))
        .collect();
    all.chunks(CHANGED_TOGETHER_MAX).map(|changes| update_of(changes, now)).collect()
}

fn update_of(changes: &[Becomes<'_>], now: Timestamp) -> ChangeUpdate {
    let mut update = ChangeUpdate::default();
    let mut places: BTreeMap<DeviceId, Vec<&ConnectionId>> = BTreeMap::new();
    for change in changes {
        match change {
            Becomes::Closed(key) => {
                update.remove(attribute_of(&key.id));
                places.entry(key.device).or_default().push(&key.id);
            }
            Becomes::Displaced(key) => {
                update.remove(attribute_of(&key.id));
                places.entry(key.device).or_default().push(&key.id);
                let name = update.name(displaced_attribute_of(&key.id));
                let value = update.value(AttributeValue::M(Item::from([
                    (DEVICE.to_owned(), text(key.device)),
                    (DISPLACED_AT_MS.to_owned(), time(now)),
                ])));
                update.set.push(format!("{name} = {value}"));
            }
            Becomes::Forgotten(key) => update.remove(displaced_attribute_of(&key.id)),
        }
    }
    for (device, ids) in places {
        let (name, value) = (update.name(places_of(device)), update.value(set_of(ids)));
        update.delete.push(format!("{name} {value}"));
    }
    update
}

/// Registered and displaced connections of a row.
pub(crate) fn read(row: &Item) -> Result<(Vec<Connection>, Vec<DisplacedConnection>), StoreError> {
    let reader = Reader::new("a session", row);
    let (mut connections, mut displaced) = (Vec::new(), Vec::new());
    for (name, value) in row {
        if let Some(id) = name.strip_prefix(CONNECTION_PREFIX) {
            let fields = value.as_m().map_err(|_| reader.malformed(CONNECTION_PREFIX))?;
            let fields = Reader::new("a connection", fields);
            let has_family = fields.get(FAMILY).is_some();
            connections.push(Connection {
                id: ConnectionId::new(id),
                device: fields.parsed(DEVICE)?,
                family: has_family.then(|| fields.parsed(FAMILY)).transpose()?,
                opened_at: fields.time(OPENED_AT_MS)?,
                attendance: match fields.get(IDLE) {
                    None => Attendance::Unstated,
                    Some(AttributeValue::Bool(false)) => Attendance::Attended,
                    Some(AttributeValue::Bool(true)) => Attendance::Idle,
                    Some(_) => return Err(fields.malformed(IDLE)),
                },
            });
        } else if let Some(id) = name.strip_prefix(DISPLACED_PREFIX) {
            let fields = value.as_m().map_err(|_| reader.malformed(DISPLACED_PREFIX))?;
            let fields = Reader::new("a displaced connection", fields);
            displaced.push(DisplacedConnection {
                id: ConnectionId::new(id),
                device: fields.parsed(DEVICE)?,
                displaced_at: fields.time(DISPLACED_AT_MS)?,
            });
        }
    }
    Ok((connections, displaced))
}

/// Connections in the set of a device that are not registered.
pub(crate) fn stray_places(device: DeviceId, row: &Item) -> Vec<ConnectionKey> {
    let places = row.get(&places_of(device)).and_then(|places| places.as_ss().ok());
    let ids = places.into_iter().flatten().map(ConnectionId::new);
    ids.filter(|id| !row.contains_key(&attribute_of(id))).map(|id| ConnectionKey { device, id }).collect()
}
