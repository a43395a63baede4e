//! Limits on the size of a group.

use futures_util::future::join_all;
use tests::{Chat, Socket, User};

const MEMBERS_MAX: usize = 100;

#[tokio::test]
async fn a_group_has_a_hundred_members_and_no_more() {
    let crowd = Chat::new().crowd(MEMBERS_MAX + 3).await;
    let (owner, others) = crowd.split_first().unwrap();
    let (members, late) = others.split_at(MEMBERS_MAX - 1);

    let too_many: Vec<&User> = others[..MEMBERS_MAX].iter().collect();
    owner.post_group("Too many", &too_many).await.refused(409, "group_full");
    assert!(owner.chat_list().await.is_empty() && others[0].chat_list().await.is_empty());

    let group = owner.create_group(&members.iter().collect::<Vec<_>>()).await;
    assert_eq!(owner.roles(&group).await.len(), MEMBERS_MAX);
    assert_eq!(owner.log(&group).await[0]["mentions"].as_array().unwrap().len(), MEMBERS_MAX - 1);
    owner.put_member(&group, &late[0], None).await.refused(409, "group_full");
    owner.put_member(&group, &late[0], Some("admin")).await.refused(409, "group_full");
    owner.put_member(&group, &members[0], None).await.ok();
    owner.put_member(&group, &members[0], Some("admin")).await.ok();
    assert_eq!(owner.log(&group).await.len(), 2);

    // Of six concurrent additions, three fit.
    for member in &members[1..4] {
        owner.remove_member(&group, member).await.no_content();
    }
    let candidates = members[1..4].iter().chain(late);
    let answers = join_all(candidates.map(|user| members[0].put_member(&group, user, None))).await;
    let (added, full): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((added.len(), full.len()), (3, 3));
    full.into_iter().for_each(|answer| drop(answer.refused(409, "group_full")));
    assert_eq!(owner.roles(&group).await.len(), MEMBERS_MAX);
    assert_eq!(owner.log(&group).await.len(), 8);
}

#[tokio::test]
async fn a_message_reaches_each_of_a_hundred_members() {
    let crowd = Chat::new().crowd(MEMBERS_MAX).await;
    let (owner, others) = crowd.split_first().unwrap();
    let group = owner.create_group(&others.iter().collect::<Vec<_>>()).await;
    let mut sockets = join_all(others.iter().map(User::connect)).await;
    let mut phone = owner.connect().await;
    assert_eq!(phone.say(&group, "to all of you").await["seq"], 2);
    let texts = join_all(sockets.iter_mut().map(async |socket: &mut Socket| {
        let event = socket.next_at(&group, 2).await;
        event["text"].as_str().unwrap().to_owned()
    }))
    .await;
    assert_eq!(texts, vec!["to all of you"; MEMBERS_MAX - 1]);
}
