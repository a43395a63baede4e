//! One phone has one token, whichever user is logged in on it.

use futures_util::future::join_all;
use tests::{Chat, fresh_token};

#[tokio::test]
async fn a_token_moves_to_the_account_that_registers_it_last() {
    let [alice, bob, writer] = Chat::new().users().await;
    let token = alice.register("apns").await;
    bob.put_push("apns", &token).await.no_content();
    assert_eq!((alice.platform().await, bob.platform().await.as_deref()), (None, Some("apns")));
    writer.post_text(&writer.dm(&alice), "to alice").await;
    writer.post_text(&writer.dm(&bob), "to bob").await;
    bob.is_alerted_to(&writer.dm(&bob), &[1]).await;
    alice.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_token_that_comes_back_moves_again() {
    let [alice, bob, writer] = Chat::new().users().await;
    let token = alice.register("fcm").await;
    bob.put_push("fcm", &token).await.no_content();
    alice.put_push("fcm", &token).await.no_content();
    writer.post_text(&writer.dm(&bob), "to bob").await;
    writer.post_text(&writer.dm(&alice), "to alice").await;
    alice.is_alerted_to(&writer.dm(&alice), &[1]).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_token_moves_to_the_device_that_registers_it_last() {
    let [alice, phone] = Chat::new().users().await;
    let reinstalled = phone.another_device().await;
    let token = phone.register("apns").await;
    reinstalled.put_push("apns", &token).await.no_content();
    assert_eq!((phone.platform().await, reinstalled.platform().await.as_deref()), (None, Some("apns")));
    let dm = alice.dm(&phone);
    alice.post_text(&dm, "hello").await;
    reinstalled.is_alerted_to(&dm, &[1]).await;
    assert_eq!(phone.pushes().await.len(), 1);
}

#[tokio::test]
async fn a_former_owner_of_a_token_cannot_end_its_pushes() {
    let [alice, bob, writer] = Chat::new().users().await;
    let token = alice.register("apns").await;
    bob.put_push("apns", &token).await.no_content();
    alice.unregister().await;
    alice.http.post("/v1/logout", &serde_json::json!({})).await.no_content();
    assert_eq!(bob.platform().await.as_deref(), Some("apns"));
    writer.post_text(&writer.dm(&bob), "hello").await;
    bob.is_alerted_to(&writer.dm(&bob), &[1]).await;
}

#[tokio::test]
async fn a_token_that_was_replaced_is_free_for_others() {
    let [alice, bob, writer] = Chat::new().users().await;
    let old = alice.register("apns").await;
    alice.register("apns").await;
    bob.put_push("apns", &old).await.no_content();
    assert_eq!(alice.platform().await.as_deref(), Some("apns"));
    for reader in [&alice, &bob] {
        writer.post_text(&writer.dm(reader), "hello").await;
        reader.is_alerted_to(&writer.dm(reader), &[1]).await;
    }
}

#[tokio::test]
async fn a_token_that_was_given_up_is_free_for_others() {
    let [alice, bob, writer] = Chat::new().users().await;
    let token = alice.register("apns").await;
    alice.unregister().await;
    bob.put_push("apns", &token).await.no_content();
    alice.register("fcm").await;
    for reader in [&alice, &bob] {
        writer.post_text(&writer.dm(reader), "hello").await;
        reader.is_alerted_to(&writer.dm(reader), &[1]).await;
    }
}

#[tokio::test]
async fn the_same_token_of_another_platform_is_another_phone() {
    let [alice, bob, writer] = Chat::new().users().await;
    let token = alice.register("apns").await;
    bob.put_push("fcm", &token).await.no_content();
    for (reader, platform) in [(&alice, "apns"), (&bob, "fcm")] {
        let dm = writer.dm(reader);
        writer.post_text(&dm, "hello").await;
        assert_eq!(reader.next_alert(&dm, 1).await.platform, platform);
    }
}

#[tokio::test]
async fn two_devices_that_swap_their_tokens_are_both_pushed() {
    let [alice, bob, writer] = Chat::new().users().await;
    let (of_alice, of_bob) = (alice.register("apns").await, bob.register("apns").await);
    alice.put_push("apns", &of_bob).await.no_content();
    bob.put_push("apns", &of_alice).await.no_content();
    for reader in [&alice, &bob] {
        writer.post_text(&writer.dm(reader), "hello").await;
        reader.is_alerted_to(&writer.dm(reader), &[1]).await;
    }
}

#[tokio::test]
async fn of_many_users_who_register_one_token_concurrently_one_has_it() {
    let [writer, users @ ..] = Chat::new().users::<7>().await;
    let token = fresh_token();
    for answer in join_all(users.iter().map(|user| user.put_push("apns", &token))).await {
        answer.no_content();
    }
    let platforms = join_all(users.iter().map(tests::User::platform)).await;
    assert_eq!(platforms.iter().flatten().count(), 1, "{platforms:?}");
    for user in &users {
        writer.post_text(&writer.dm(user), "hello").await;
    }
    let owner = platforms.iter().position(Option::is_some).unwrap();
    users[owner].is_alerted_to(&writer.dm(&users[owner]), &[1]).await;
    let pushed = join_all(users.iter().map(tests::User::pushes)).await;
    assert_eq!(pushed.concat().len(), 1, "{pushed:?}");
}
