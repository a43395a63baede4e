use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, TransactWriteItem};

use crate::{TABLE, get, item, item_of_size, key, metered_client, put, s};

#[tokio::test]
async fn a_put_costs_one_write_unit_per_started_kb() {
    let (client, meter) = metered_client().await;
    for (bytes, units) in [(1024, 1.0), (1025, 2.0), (1536, 2.0)] {
        meter.reset();
        put(&client, item_of_size("a", 1, bytes)).await;
        put(&client, item_of_size("a", 1, 100)).await;
        let usage = meter.snapshot();
        assert_eq!(usage.calls[0], ("PutItem".to_owned(), units));
        assert_eq!(usage.calls[1], ("PutItem".to_owned(), units), "the replaced item counts too");
        assert_eq!((usage.write_units, usage.read_units), (2.0 * units, 0.0));
    }
}

#[tokio::test]
async fn a_get_costs_one_read_unit_and_half_of_it_when_eventually_consistent() {
    let (client, meter) = metered_client().await;
    put(&client, item_of_size("a", 1, 300)).await;
    meter.reset();
    get(&client, "a", 1).await;
    assert_eq!(meter.snapshot().read_units, 1.0);

    meter.reset();
    client.get_item().table_name(TABLE).set_key(Some(key("a", 1))).send().await.unwrap();
    assert_eq!(meter.snapshot().read_units, 0.5);
}

#[tokio::test]
async fn a_batch_get_costs_one_read_unit_per_item() {
    let (client, meter) = metered_client().await;
    put(&client, item("a", 1, "one")).await;
    put(&client, item("b", 2, "two")).await;
    meter.reset();

    let keys = KeysAndAttributes::builder().set_keys(Some(vec![key("a", 1), key("b", 2)]));
    let keys = keys.consistent_read(true).build().unwrap();
    client.batch_get_item().request_items(TABLE, keys).send().await.unwrap();

    let usage = meter.snapshot();
    assert_eq!((usage.read_units, usage.write_units, usage.round_trips), (2.0, 0.0, 1));
}

#[tokio::test]
async fn a_query_costs_what_it_reads_in_all() {
    let (client, meter) = metered_client().await;
    for sk in 0..9 {
        put(&client, item_of_size("a", sk, 1000)).await;
    }
    meter.reset();
    let request = client.query().table_name(TABLE).consistent_read(true);
    let request = request.key_condition_expression("pk = :pk").expression_attribute_values(":pk", s("a"));
    request.send().await.unwrap();
    assert_eq!(meter.snapshot().read_units, 3.0, "9000 bytes in units of 4096");
}

#[tokio::test]
async fn joined_calls_are_one_round_trip_and_consecutive_ones_are_two() {
    let (client, meter) = metered_client().await;
    tokio::join!(put(&client, item("a", 1, "x")), put(&client, item("a", 2, "x")), get(&client, "a", 3));
    assert_eq!(meter.snapshot().round_trips, 1);
    assert_eq!(meter.snapshot().calls.len(), 3);

    meter.reset();
    put(&client, item("a", 1, "x")).await;
    put(&client, item("a", 2, "x")).await;
    assert_eq!(meter.snapshot().round_trips, 2);
}

#[tokio::test]
async fn an_abandoned_call_does_not_hide_the_next_round_trip() {
    let (client, meter) = metered_client().await;
    tokio::select! {
        biased;
        () = put(&client, item("a", 1, "x")) => panic!("a request suspends before it completes"),
        () = std::future::ready(()) => {}
    }
    meter.reset();
    put(&client, item("a", 2, "x")).await;
    assert_eq!(meter.snapshot().round_trips, 1);
}

#[tokio::test]
async fn a_failed_conditional_put_costs_the_larger_item_and_stays_silent_about_it() {
    let (client, meter) = metered_client().await;
    for (stored, new, units) in [(100, 100, 1.0), (2500, 100, 3.0), (100, 1500, 2.0)] {
        put(&client, item_of_size("a", 1, stored)).await;
        meter.reset();
        let request = client.put_item().table_name(TABLE).set_item(Some(item_of_size("a", 1, new)));
        let error = request.condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();

        let error = error.into_service_error();
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failure) =
            error
        else {
            panic!("{error:?}");
        };
        assert_eq!(failure.item(), None, "the caller did not ask for it");
        assert_eq!(meter.snapshot().write_units, units);
        client.delete_item().table_name(TABLE).set_key(Some(key("a", 1))).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_costs_twice_committed_or_cancelled() {
    let (client, meter) = metered_client().await;
    for committed in [true, false] {
        meter.reset();
        let put = Put::builder().table_name(TABLE).set_item(Some(item_of_size("a", 1, 1500)));
        let put = put.condition_expression("attribute_not_exists(pk)").build().unwrap();
        let request = client.transact_write_items();
        let answer = request.transact_items(TransactWriteItem::builder().put(put).build()).send().await;
        assert_eq!(answer.is_ok(), committed);
        assert_eq!(meter.snapshot().write_units, 4.0);
    }
}

#[tokio::test]
async fn a_refused_request_costs_nothing() {
    let (client, meter) = metered_client().await;
    let request = client.put_item().table_name("missing-table").set_item(Some(item("a", 1, "x")));
    request.send().await.unwrap_err();
    assert_eq!(meter.snapshot().write_units, 0.0);
}
