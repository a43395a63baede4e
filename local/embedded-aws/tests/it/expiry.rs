use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use confab_embedded_aws::DynamoDb;

use crate::{TABLE, client_of, create_table, get, item, n, put};

fn expiring(sk: u64, expires_at: u64) -> crate::Item {
    let mut item = item("a", sk, "short-lived");
    item.insert("expires_at".to_owned(), n(expires_at));
    item
}

#[tokio::test]
async fn a_sweep_removes_only_expired_items() {
    let dynamodb = DynamoDb::in_memory().unwrap();
    let client = client_of(dynamodb.clone());
    create_table(&client).await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build().unwrap();
    client.update_time_to_live().table_name(TABLE).time_to_live_specification(ttl).send().await.unwrap();

    #[expect(clippy::disallowed_methods, reason = "the emulator compares with the machine's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    put(&client, expiring(1, now - 60)).await;
    put(&client, expiring(2, now + 600)).await;
    put(&client, item("a", 3, "for ever")).await;

    assert!(get(&client, "a", 1).await.is_some(), "an expired item stays until a sweep, as on AWS");
    assert_eq!(dynamodb.sweep_ttl().await.unwrap(), 1);
    assert_eq!(get(&client, "a", 1).await, None);
    assert!(get(&client, "a", 2).await.is_some());
    assert!(get(&client, "a", 3).await.is_some());
    assert_eq!(dynamodb.sweep_ttl().await.unwrap(), 0);
}
