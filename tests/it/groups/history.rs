//! Pages of a group: each member can read the time of their membership.

use serde_json::{Value, json};
use tests::{Chat, User, seqs};

/// A group whose third member joins and leaves.
struct Scene {
    alice: User,
    carol: User,
    group: String,
}

enum Step {
    Say,
    Add,
    Remove,
    Rename,
    Promote,
    Demote,
}

use Step::{Add, Demote, Promote, Remove, Rename, Say};

/// Alice creates a group with Bob. The steps are Alice's messages, and her additions and removals of Carol.
async fn scene(with_carol: bool, steps: &[Step]) -> Scene {
    let [alice, bob, carol] = Chat::new().users().await;
    let others: &[&User] = if with_carol { &[&bob, &carol] } else { &[&bob] };
    let group = alice.create_group(others).await;
    for step in steps {
        match step {
            Say => drop(alice.post_text(&group, "hello").await),
            Add => drop(alice.put_member(&group, &carol, None).await.ok()),
            Remove => alice.remove_member(&group, &carol).await.no_content(),
            Rename => drop(alice.rename_group(&group, &tests::fresh_id()).await.ok()),
            Promote => drop(alice.put_member(&group, &bob, Some("admin")).await.ok()),
            Demote => drop(alice.put_member(&group, &bob, Some("member")).await.ok()),
        }
    }
    Scene { alice, carol, group }
}

#[track_caller]
fn check(page: &Value, expected: &[u64], more: bool) {
    let messages = page["messages"].as_array().unwrap_or_else(|| panic!("no page: {page}"));
    assert_eq!((seqs(messages), &page["more"]), (expected.to_vec(), &more.into()));
}

impl Scene {
    /// Checks Carol's pages, over HTTP and over the socket.
    async fn check_pages(&self, expected: &[(&str, &[u64], bool)]) {
        let mut socket = self.carol.connect().await;
        for (query, page, more) in expected {
            check(&self.carol.page(&self.group, query).await.ok(), page, *more);
            if query.contains("around") {
                continue;
            }
            let mut frame = json!({"action": "history", "conversation": self.group});
            for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
                frame[name] = value.parse::<u64>().unwrap().into();
            }
            check(&socket.ask(frame).await, page, *more);
        }
        let visible = seqs(&self.carol.log(&self.group).await);
        for seq in 1..=7 {
            let page = self.carol.page(&self.group, &format!("around={seq}&limit=1")).await.ok();
            let is_shown = seqs(page["messages"].as_array().unwrap()).contains(&seq);
            assert_eq!((seq, is_shown), (seq, visible.contains(&seq)));
        }
    }
}

#[tokio::test]
async fn a_later_member_reads_from_the_addition_on() {
    // 1 created, 2, 3, 4 Carol is added, 5, 6
    let scene = scene(false, &[Say, Say, Add, Say, Say]).await;
    scene
        .check_pages(&[
            ("", &[4, 5, 6], false),
            ("limit=2", &[5, 6], true),
            ("limit=3", &[4, 5, 6], false),
            ("after=0", &[4, 5, 6], false),
            ("after=2&limit=2", &[4, 5], true),
            ("after=4", &[5, 6], false),
            ("after=6", &[], false),
            ("before=6", &[4, 5], false),
            ("before=6&limit=1", &[5], true),
            ("before=6&limit=2", &[4, 5], false),
            ("before=4", &[], false),
            ("before=2", &[], false),
            ("around=5&limit=3", &[4, 5, 6], false),
        ])
        .await;
    assert_eq!(scene.alice.log(&scene.group).await[3..], scene.carol.log(&scene.group).await);
}

#[tokio::test]
async fn a_removed_member_reads_up_to_the_removal() {
    // 1 created, 2, 3 Carol is removed, 4, 5
    let scene = scene(true, &[Say, Remove, Say, Say]).await;
    scene
        .check_pages(&[
            ("", &[1, 2, 3], false),
            ("limit=2", &[2, 3], true),
            ("after=0", &[1, 2, 3], false),
            ("after=1&limit=1", &[2], true),
            ("after=2&limit=1", &[3], false),
            ("after=3", &[], false),
            ("after=4", &[], false),
            ("before=6&limit=2", &[2, 3], true),
            ("before=5", &[1, 2, 3], false),
            ("before=3", &[1, 2], false),
            ("around=2&limit=3", &[1, 2, 3], false),
        ])
        .await;
    assert_eq!(scene.alice.log(&scene.group).await[..3], scene.carol.log(&scene.group).await);
}

#[tokio::test]
async fn a_member_who_was_added_again_reads_both_memberships_and_nothing_between() {
    // 1 created, 2, 3 Carol is removed, 4, 5 Carol is back, 6
    let scene = scene(true, &[Say, Remove, Say, Add, Say]).await;
    scene
        .check_pages(&[
            ("", &[1, 2, 3, 5, 6], false),
            ("limit=3", &[3, 5, 6], true),
            ("after=0", &[1, 2, 3, 5, 6], false),
            ("after=1&limit=3", &[2, 3, 5], true),
            ("after=3", &[5, 6], false),
            ("after=4&limit=1", &[5], true),
            ("before=5", &[1, 2, 3], false),
            ("before=6&limit=2", &[3, 5], true),
            ("before=6&limit=4", &[1, 2, 3, 5], false),
            ("before=4&limit=1", &[3], true),
        ])
        .await;
}

#[tokio::test]
async fn pages_tile_over_entries_of_every_kind_and_over_gaps() {
    let steps = [
        Say, Promote, Say, Rename, Remove, Say, Rename, Add, Demote, Say, Remove, Promote, Say, Add, Rename,
        Say,
    ];
    let Scene { alice, carol, group } = scene(true, &steps).await;
    let all = carol.log(&group).await;
    // 1 to 6, 9 to 12, 15 to 17
    assert_eq!(seqs(&all), [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 15, 16, 17]);
    let whole = alice.log(&group).await;
    assert!(all.iter().all(|message| whole.contains(message)));
    let mut socket = carol.connect().await;
    for limit in [1, 2, 3, 5, 12, 13, 100] {
        let (mut up, mut down) = (Vec::<Value>::new(), Vec::<Value>::new());
        loop {
            let after = up.last().map_or(json!(0), |last| last["seq"].clone());
            let frame = json!({"action": "history", "conversation": group, "after": after, "limit": limit});
            let page = socket.ask(frame).await;
            up.extend_from_slice(page["messages"].as_array().unwrap());
            if page["more"] == false {
                break;
            }
        }
        loop {
            let before = down.first().map_or(json!(1000), |first| first["seq"].clone());
            let page = carol.page(&group, &format!("before={before}&limit={limit}")).await.ok();
            down.splice(0..0, page["messages"].as_array().unwrap().clone());
            if page["more"] == false {
                break;
            }
        }
        assert_eq!((limit, &up), (limit, &all));
        assert_eq!((limit, &down), (limit, &all));
    }
}
