//! Recipients of typing events.

use tests::{Chat, signups_are_slow};

#[tokio::test]
async fn every_device_of_every_other_member_gets_the_event() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut phone = alice.connect().await;
    let mut laptop = alice.another_device().await.connect().await;
    let mut others = [
        bob.connect().await,
        bob.another_device().await.connect().await,
        carol.connect().await,
        carol.connect().await,
    ];
    phone.type_in(&group).await;
    for socket in &mut others {
        socket.sees_typing(&alice, &group).await;
    }
    for socket in [&mut phone, &mut laptop] {
        socket.sees_no_typing().await;
    }
    for socket in &mut others {
        socket.sees_no_typing().await;
    }
}

#[tokio::test]
async fn no_outsider_gets_the_event() {
    let [alice, bob, friend] = Chat::new().users().await;
    alice.befriend(&friend).await;
    let (dm, group) = (alice.dm(&bob), alice.create_group(&[&bob]).await);
    alice.post_text(&dm, "the first one opens the conversation").await;
    let (mut bobs, mut friends) = (bob.connect().await, friend.connect().await);
    let mut phone = alice.connect().await;
    for conversation in [&dm, &group] {
        phone.type_in(conversation).await;
        bobs.sees_typing(&alice, conversation).await;
    }
    friends.sees_no_typing().await;
}

#[tokio::test]
async fn a_removed_member_gets_and_sends_no_more_typing() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let (mut alices, mut bobs, mut carols) =
        (alice.connect().await, bob.connect().await, carol.connect().await);
    alice.remove_member(&group, &carol).await.no_content();
    bobs.type_in(&group).await;
    alices.sees_typing(&bob, &group).await;
    carols.sees_no_typing().await;
    carols.type_in(&group).await;
    carols.next_error("forbidden").await;
    bobs.sees_no_typing().await;
}

#[tokio::test]
async fn in_a_group_of_more_than_20_no_typing_is_sent() {
    if signups_are_slow() {
        return;
    }
    let crowd = Chat::new().crowd(21).await;
    let (alice, others) = crowd.split_first().unwrap();
    let (late, early) = others.split_last().unwrap();
    let group = alice.create_group(&early.iter().collect::<Vec<_>>()).await;
    let (mut phone, mut first, mut last) =
        (alice.connect().await, early[0].connect().await, early[18].connect().await);
    phone.type_in(&group).await;
    first.sees_typing(alice, &group).await;
    last.sees_typing(alice, &group).await;

    alice.put_member(&group, late, None).await.ok();
    phone.type_in(&group).await;
    phone.say(&group, "to all of you").await;
    for socket in [&mut first, &mut last] {
        socket.next_at(&group, 3).await;
        socket.sees_no_typing().await;
    }
    alice.remove_member(&group, late).await.no_content();
    phone.type_in(&group).await;
    for socket in [&mut first, &mut last] {
        socket.sees_typing(alice, &group).await;
        socket.sees_no_typing().await;
    }
    let errors = phone.unseen().await.into_iter().filter(|frame| frame["type"] == "error").count();
    assert_eq!(errors, 0);
}

#[tokio::test]
async fn a_block_hides_each_user_from_the_other() {
    let [alice, bob] = Chat::new().friends().await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "the first one opens the conversation").await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    alice.block(&bob).await;
    alices.type_in(&dm).await;
    bobs.type_in(&dm).await;
    alices.sees_no_typing().await;
    bobs.sees_no_typing().await;
    alice.unblock(&bob).await;
    alices.type_in(&dm).await;
    bobs.type_in(&dm).await;
    alices.sees_typing(&bob, &dm).await;
    bobs.sees_typing(&alice, &dm).await;
    alices.sees_no_typing().await;
    bobs.sees_no_typing().await;
}

#[tokio::test]
async fn in_a_group_only_the_two_users_of_a_block_get_no_typing() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let (mut alices, mut bobs, mut carols) =
        (alice.connect().await, bob.connect().await, carol.connect().await);
    alice.block(&bob).await;
    alices.type_in(&group).await;
    carols.sees_typing(&alice, &group).await;
    bobs.sees_no_typing().await;
    bobs.type_in(&group).await;
    carols.sees_typing(&bob, &group).await;
    alices.sees_no_typing().await;
    carols.type_in(&group).await;
    alices.sees_typing(&carol, &group).await;
    bobs.sees_typing(&carol, &group).await;
}
