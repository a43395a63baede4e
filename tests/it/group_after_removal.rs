//! What somebody finds who was taken out of a group while something of theirs was under way.

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
    alice.remove_member(&group, &bob).await.with_status(204);

    let again = phone.ask(frame).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()), "{again}");
    let new = json!({"action": "send", "id": "m2", "to": group, "text": "still there?"});
    phone.refused(new, "forbidden").await;
}

#[tokio::test]
async fn an_outsider_does_not_learn_from_a_reply_how_much_was_said() {
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
async fn nobody_reads_a_group_that_has_ended() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.post_text(&group, "soon over").await;
    alice.http.delete(&format!("/v1/groups/{group}")).await.with_status(204);
    for user in [&alice, &bob] {
        user.http.get(&format!("/v1/conversations/{group}/messages")).await.refused(404, "not_found");
    }
}
