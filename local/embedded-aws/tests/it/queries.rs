use crate::{TABLE, client, item, put, s};

#[tokio::test]
async fn a_descending_query_orders_numbers_as_numbers() {
    let client = client().await;
    for sk in [9, 100, 25, 1] {
        put(&client, item("a", sk, "x")).await;
    }
    put(&client, item("b", 500, "another partition")).await;

    let request = client.query().table_name(TABLE).consistent_read(true).scan_index_forward(false);
    let request = request.key_condition_expression("pk = :pk").expression_attribute_values(":pk", s("a"));
    let items = request.limit(3).send().await.unwrap().items.unwrap();

    let order: Vec<_> = items.iter().map(|item| item["sk"].as_n().unwrap().as_str()).collect();
    assert_eq!(order, ["100", "25", "9"]);
}
