//! Removal of contacts.

use tests::Chat;

#[tokio::test]
async fn either_side_ends_a_friendship_for_both() {
    let [alice, bob] = Chat::new().users().await;
    for (leaver, left) in [(&alice, &bob), (&bob, &alice)] {
        alice.put_contact(&bob).await.ok();
        assert_eq!(bob.put_contact(&alice).await.ok()["friends"], true);
        leaver.remove_contact(left).await;
        leaver.assert_contacts(&[], &[], &[]).await;
        left.assert_contacts(&[], &[], &[leaver]).await;
    }
}

#[tokio::test]
async fn a_request_is_taken_back() {
    let [alice, bob] = Chat::new().users().await;
    alice.put_contact(&bob).await.ok();
    alice.remove_contact(&bob).await;
    alice.assert_contacts(&[], &[], &[]).await;
    bob.assert_contacts(&[], &[], &[]).await;
    assert_eq!(bob.put_contact(&alice).await.ok()["friends"], false);
}

#[tokio::test]
async fn a_removed_request_is_hidden_until_it_is_made_again() {
    let [alice, bob] = Chat::new().users().await;
    bob.put_contact(&alice).await.ok();
    alice.remove_contact(&bob).await;
    alice.assert_contacts(&[], &[], &[]).await;
    bob.assert_contacts(&[], &[], &[&alice]).await;
    assert_eq!(bob.put_contact(&alice).await.ok()["friends"], false);
    alice.assert_contacts(&[], &[&bob], &[]).await;
}

#[tokio::test]
async fn a_hidden_request_still_counts() {
    let [alice, bob] = Chat::new().users().await;
    bob.put_contact(&alice).await.ok();
    alice.remove_contact(&bob).await;
    assert_eq!(alice.put_contact(&bob).await.ok()["friends"], true);
    alice.assert_contacts(&[&bob], &[], &[]).await;
    bob.assert_contacts(&[&alice], &[], &[]).await;
}

#[tokio::test]
async fn a_former_friend_can_ask_again_and_the_friendship_returns() {
    let [alice, bob] = Chat::new().friends().await;
    alice.remove_contact(&bob).await;
    assert_eq!(bob.put_contact(&alice).await.ok()["friends"], false);
    alice.assert_contacts(&[], &[&bob], &[]).await;
    assert_eq!(alice.put_contact(&bob).await.ok()["friends"], true);
    bob.assert_contacts(&[&alice], &[], &[]).await;
}

#[tokio::test]
async fn after_both_have_removed_each_other_nothing_is_left() {
    let [alice, bob] = Chat::new().friends().await;
    alice.remove_contact(&bob).await;
    bob.remove_contact(&alice).await;
    alice.assert_contacts(&[], &[], &[]).await;
    bob.assert_contacts(&[], &[], &[]).await;
    assert_eq!(alice.put_contact(&bob).await.ok()["friends"], false);
}

#[tokio::test]
async fn a_repeated_removal_and_one_of_a_stranger_change_nothing() {
    let [alice, bob, carol] = Chat::new().users().await;
    alice.remove_contact(&bob).await;
    bob.assert_contacts(&[], &[], &[]).await;
    alice.befriend(&carol).await;
    alice.remove_contact(&carol).await;
    alice.remove_contact(&carol).await;
    alice.assert_contacts(&[], &[], &[]).await;
    carol.assert_contacts(&[], &[], &[&alice]).await;
}
