//! The contact list and the presence in it.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Chat, User, ids, signups_are_slow, times};
use tokio::time::Instant;

/// A contact without its presence.
fn profile_of(mut contact: Value) -> Value {
    let fields = contact.as_object_mut().expect("an object");
    fields.remove("status").expect("a status");
    fields.remove("last_active_at_ms");
    contact
}

#[tokio::test]
async fn the_list_shows_the_profiles_of_all_three_kinds() {
    let [alice, bob, carol, dave] = Chat::new().users().await;
    for (user, name) in [(&bob, "Bob"), (&carol, "Carol"), (&dave, "Dave")] {
        let change = json!({"display_name": name, "avatar": format!("https://example.com/{name}")});
        user.http.patch("/v1/me", &change).await.ok();
    }
    alice.befriend(&bob).await;
    carol.put_contact(&alice).await.ok();
    alice.put_contact(&dave).await.ok();
    let all = alice.contacts().await;
    assert_eq!(all.contacts.into_iter().map(profile_of).collect::<Vec<_>>(), [bob.profile().await]);
    assert_eq!(all.requests, [carol.profile().await]);
    assert_eq!(all.requested, [dave.profile().await]);
}

#[tokio::test]
async fn the_list_shows_a_changed_profile() {
    let [alice, bob] = Chat::new().friends().await;
    assert!(alice.contact(&bob).await.get("avatar").is_none());
    let changed = bob.http.patch("/v1/me", &json!({"display_name": "Robert"})).await.ok();
    assert_eq!(profile_of(alice.contact(&bob).await), changed);
}

#[tokio::test]
async fn a_friend_who_never_connected_is_offline() {
    let [alice, bob] = Chat::new().friends().await;
    let row = alice.contact(&bob).await;
    assert_eq!(row["status"], "offline");
    assert_eq!(row["last_active_at_ms"].as_u64().unwrap_or(0), 0, "{row}");
}

#[tokio::test]
async fn the_list_shows_which_friends_are_online_and_when_the_others_were_last() {
    let [alice, bob] = Chat::new().friends().await;
    let (mut alices, mut phone) = (alice.connect().await, bob.connect().await);
    alices.sees_online(&bob, Instant::now()).await;
    let beat = phone.assert_alive().await["server_at_ms"].as_u64().unwrap();
    let check = |row: Value, status: &str| {
        assert_eq!(row["status"], status, "{row}");
        assert!(row["last_active_at_ms"].as_u64().unwrap().abs_diff(beat) < 2_000, "{row} at {beat}");
    };
    check(alice.contact(&bob).await, "online");
    bob.http.post("/v1/logout", &json!({})).await.no_content();
    alices.sees_logged_out(&bob, Instant::now()).await;
    check(alice.contact(&bob).await, "offline");
}

#[tokio::test]
async fn a_friend_whose_lease_has_run_out_is_not_shown_online() {
    let [alice, bob] = Chat::new().friends().await;
    let (mut alices, mut phone) = (alice.connect().await, bob.connect().await);
    alices.stay_awake();
    phone.fall_silent().await;
    let over = Instant::now() + times::lease();
    assert_eq!(alice.contact(&bob).await["status"], "online");
    assert_eq!(alices.status_of(&bob).await.as_deref(), Some("online"));
    alices.listen_until(over).await;
    assert_eq!(alice.contact(&bob).await["status"], "offline");
    assert_eq!(alices.status_of(&bob).await.as_deref(), Some("offline"));
}

#[tokio::test]
async fn a_long_list_comes_in_pages_in_the_order_of_ids() {
    if signups_are_slow() {
        return;
    }
    let crowd = Chat::new().crowd(106).await;
    let (alice, others) = crowd.split_first().unwrap();
    // Most have put Alice: a user may put no more than sixty in a row.
    let kind_of = |place: usize| (place % 5).saturating_sub(2);
    let kind = |kind: usize| -> Vec<&User> {
        let of_kind = others.iter().enumerate().filter(|(place, _)| kind_of(*place) == kind);
        of_kind.map(|(_, other)| other).collect()
    };
    // In sequence: few changes of one user are made side by side.
    let alices = async {
        for other in [kind(1), kind(2)].concat() {
            alice.put_contact(other).await.ok();
        }
    };
    let by_others = [kind(0), kind(2)].concat();
    join(alices, join_all(by_others.into_iter().map(async |other| other.put_contact(alice).await.ok())))
        .await;
    alice.assert_contacts(&kind(2), &kind(0), &kind(1)).await;

    let pages = alice.pages("/v1/contacts").await;
    assert!(pages.len() >= 2, "{} pages", pages.len());
    let mut before = BTreeSet::new();
    for page in &pages {
        let lists = ["contacts", "requests", "requested"].map(|name| ids(page[name].as_array().unwrap()));
        let rows: BTreeSet<String> = lists.concat().into_iter().collect();
        assert!(rows.len() <= 100, "{} rows", rows.len());
        assert!(rows.first() > before.last() || rows.is_empty(), "pages out of order: {pages:?}");
        before.extend(rows);
    }
    assert_eq!(before.len(), others.len());
}
