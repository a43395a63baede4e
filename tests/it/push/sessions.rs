//! Registrations when their device logs in, logs out or is logged out.

use serde_json::json;
use tests::{Chat, User};

/// Bob is not connected, and his phone is registered; his laptop is not.
async fn bob_with_a_phone() -> (User, User, User, String) {
    let [alice, phone] = Chat::new().users().await;
    let laptop = phone.another_device().await;
    phone.register("apns").await;
    let dm = alice.dm(&phone);
    (alice, phone, laptop, dm)
}

#[tokio::test]
async fn logging_out_ends_pushes() {
    let (alice, phone, laptop, dm) = bob_with_a_phone().await;
    phone.http.post("/v1/logout", &json!({})).await.no_content();
    alice.post_text(&dm, "hello").await;
    laptop.is_pushed_nothing().await;
    assert_eq!(laptop.registered().await, [(laptop.device.clone(), None)]);
}

#[tokio::test]
async fn a_device_that_another_logs_out_is_pushed_nothing() {
    let (alice, phone, laptop, dm) = bob_with_a_phone().await;
    laptop.register("fcm").await;
    laptop.http.delete(&format!("/v1/devices/{}", phone.device)).await.no_content();
    alice.post_text(&dm, "hello").await;
    laptop.is_alerted_to(&dm, &[1]).await;
    assert_eq!(laptop.pushes().await.len(), 1);
}

#[tokio::test]
async fn a_device_that_an_eleventh_login_puts_out_is_pushed_nothing() {
    let (alice, phone, laptop, dm) = bob_with_a_phone().await;
    laptop.register("fcm").await;
    for _ in 3..=11 {
        phone.another_device().await;
    }
    phone.assert_logged_out().await;
    alice.post_text(&dm, "hello").await;
    laptop.is_alerted_to(&dm, &[1]).await;
    assert_eq!(laptop.pushes().await.len(), 1);
}

#[tokio::test]
async fn a_new_login_on_the_same_device_is_not_registered() {
    let (alice, phone, laptop, dm) = bob_with_a_phone().await;
    let again = phone.log_in(json!({"id": phone.device})).await;
    assert_eq!((&again.device, again.platform().await), (&phone.device, None));
    alice.post_text(&dm, "hello").await;
    laptop.is_pushed_nothing().await;
    again.register("fcm").await;
    alice.post_text(&dm, "again").await;
    again.is_alerted_to(&dm, &[2]).await;
}

#[tokio::test]
async fn a_new_login_after_a_logout_is_not_registered() {
    let (alice, phone, laptop, dm) = bob_with_a_phone().await;
    phone.http.post("/v1/logout", &json!({})).await.no_content();
    let again = phone.log_in(json!({"id": phone.device})).await;
    assert_eq!(again.platform().await, None);
    alice.post_text(&dm, "hello").await;
    laptop.is_pushed_nothing().await;
}

#[tokio::test]
async fn renewed_tokens_leave_the_registration() {
    let (alice, phone, _laptop, dm) = bob_with_a_phone().await;
    let phone = phone.renewed(&phone.refresh().await.ok());
    assert_eq!(phone.platform().await.as_deref(), Some("apns"));
    alice.post_text(&dm, "hello").await;
    phone.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_device_whose_stolen_refresh_token_was_used_is_pushed_nothing() {
    let (alice, phone, laptop, dm) = bob_with_a_phone().await;
    phone.renewed(&phone.refresh().await.ok()).refresh().await.ok();
    phone.refresh().await.refused(401, "unauthenticated");
    alice.post_text(&dm, "hello").await;
    laptop.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_logged_out_device_cannot_register() {
    let (_, phone, laptop, _) = bob_with_a_phone().await;
    phone.http.post("/v1/logout", &json!({})).await.no_content();
    phone.put_push("apns", "t").await.refused(401, "unauthenticated");
    assert_eq!(laptop.registered().await, [(laptop.device.clone(), None)]);
}

#[tokio::test]
async fn a_registration_concurrent_with_a_logout_does_not_outlive_it() {
    for _ in 0..8 {
        let (alice, phone, laptop, dm) = bob_with_a_phone().await;
        let body = json!({});
        let (_, gone) = tokio::join!(phone.put_push("fcm", "late"), phone.http.post("/v1/logout", &body));
        if gone.status == 503 {
            phone.http.post("/v1/logout", &body).await;
        }
        alice.post_text(&dm, "hello").await;
        assert_eq!(laptop.registered().await, [(laptop.device.clone(), None)]);
        laptop.register("apns").await;
        alice.post_text(&dm, "again").await;
        laptop.next_alert(&dm, 2).await;
        let pushed = laptop.pushes().await;
        assert!(pushed.iter().all(|push| push.device == laptop.device), "{pushed:?}");
    }
}
