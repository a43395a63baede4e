//! What a user gets who was removed from a group while a request was in progress.

use serde_json::json;
use tests::Chat;

#[tokio::test]
async fn a_message_whose_ack_was_lost_is_found_after_its_sender_was_removed() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut phone = bob.connect().await;
    let frame = json!({"action": "send", "id": "m1", "to": group, "text": "hello"});
    let first = phone.ask(frame.clone()).await;
    assert_eq!(first["type"], "ack", "{first}");
    alice.remove_member(&group, &bob).await.no_content();

    let again = phone.ask(frame).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()), "{again}");
    let new = json!({"action": "send", "id": "m2", "to": group, "text": "still there?"});
    phone.refused(new, "forbidden").await;
}

#[tokio::test]
async fn a_message_of_an_earlier_membership_is_found_after_its_sender_was_removed_again() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut phone = bob.connect().await;
    let frame = json!({"action": "send", "id": "m1", "to": group, "text": "hello"});
    let first = phone.ask(frame.clone()).await;
    for _ in 0..2 {
        alice.remove_member(&group, &bob).await.no_content();
        let again = phone.ask(frame.clone()).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()), "{again}");
        alice.put_member(&group, &bob, None).await.ok();
    }
    alice.remove_member(&group, &bob).await.no_content();
    let again = phone.ask(frame).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()), "{again}");
}

#[tokio::test]
async fn an_outsider_does_not_learn_the_length_of_a_log_from_a_reply() {
    let [alice, carol] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    let mut phone = carol.connect().await;
    for reply_to in [1, 99] {
        let frame = json!({"action": "send", "id": "r", "to": group, "text": "hm", "reply_to": reply_to});
        phone.refused(frame, "forbidden").await;
    }
    let nowhere = "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let frame = json!({"action": "send", "id": "r", "to": nowhere, "text": "hm", "reply_to": 99});
    phone.refused(frame, "not_found").await;
}

#[tokio::test]
async fn nobody_else_reads_a_group_that_has_ended() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.post_text(&group, "soon over").await;
    alice.http.delete(&format!("/v1/groups/{group}")).await.no_content();
    carol.page(&group, "").await.refused(404, "not_found");
    let mut phone = carol.connect().await;
    phone.refused(json!({"action": "history", "conversation": group}), "not_found").await;
    assert_eq!(phone.sync_frames(json!({"cursors": {&group: 0}})).await[0]["conversations"], json!([]));
}

#[tokio::test]
async fn a_user_who_was_added_again_gets_the_present_group_name_from_sync() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.remove_member(&group, &bob).await.no_content();
    let path = format!("/v1/groups/{group}");
    alice.http.patch(&path, &json!({"name": "Caving"})).await.ok();
    alice.put_member(&group, &bob, None).await.ok();

    let frame = json!({"action": "sync", "id": "s", "cursors": {&group: 2}});
    let answer = bob.connect().await.ask(frame).await;
    let row = &answer["conversations"][0];
    assert_eq!((&row["name"], &row["messages"][0]["seq"]), (&"Caving".into(), &4.into()), "{answer}");
}

#[tokio::test]
async fn a_page_around_a_hidden_position_is_not_empty_with_more() {
    let [alice, carol] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    alice.post_text(&group, "before").await;
    alice.put_member(&group, &carol, None).await.ok();
    let path = format!("/v1/conversations/{group}/messages?around=1&limit=1");
    let page = carol.http.get(&path).await.ok();
    assert_eq!(page["messages"][0]["seq"], 3, "{page}");
}
