//! A tour through everything that the functions can do with AWS.
//!
//! Each step makes requests that no other step makes; together they are the reason for each permission.

use std::collections::BTreeSet;

use confab_app::ports::{Consistency, Sessions};
use confab_domain::retention::Retention;
use confab_domain::sockets::SOCKETS_PER_DEVICE_MAX;
use confab_domain::{ConversationId, UserId};
use confab_embedded_aws::Access;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::budgets::token_of;
use crate::failures::{redeliver_news, repetition};
use crate::posts::{GONE, SLOW};
use crate::push_tour;
use crate::queue_bench::redeliver;

/// Takes the tour; returns the calls to AWS that were made on it.
pub(crate) async fn accesses() -> BTreeSet<Access> {
    let bench = Bench::keeping(Retention::days(1)).await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    Box::pin(over_sockets(&bench, &ada, &bob)).await;
    Box::pin(over_http(&bench, &bob)).await;
    Box::pin(in_groups(&bench, &ada, &bob)).await;
    Box::pin(among_friends(&bench, &ada, &bob)).await;
    Box::pin(push_tour::alerting(&bench, &ada, 20)).await;
    Box::pin(to_slow_readers(&bench, &ada, &bob)).await;
    Box::pin(without_a_store(&bench, &ada)).await;
    bench.accesses()
}

/// A connection that takes no post is closed in the end.
async fn to_slow_readers(bench: &Bench, ada: &User, bob: &User) {
    let group = bench.group(bob, &[ada]).await;
    for (n, function) in ["fan-out", "presence"].into_iter().enumerate() {
        let slow = format!("{SLOW}{n}=");
        bench.has_old_connection(bob, &slow).await;
        let is_notified = bench
            .store
            .session(ada.id, Consistency::Strong)
            .await
            .expect("a store")
            .expect("a session")
            .presence;
        let [first, last] = [1, 3].map(|tries| match function {
            "fan-out" => repetition(&group, 1, tries, bob, &[&slow]),
            _ => redeliver_news(ada, is_notified.friends_see_online(), tries, bob, &[&slow]),
        });
        for body in [first, last] {
            let again = match function {
                "fan-out" => redeliver(&body, |event| bench.fan_out.handle(event)).await,
                _ => redeliver(&body, |event| bench.presence.handle(event)).await,
            };
            assert!(!again, "{body}");
        }
        assert_eq!(bench.closes_of(&slow), 1, "{function}");
    }
}

/// A failed record is retried soon.
async fn without_a_store(bench: &Bench, ada: &User) {
    for table in ["sessions", "messages"] {
        bench.loses_table(table).await;
    }
    let user = ada.id.to_string();
    let conversation = ConversationId::dm(ada.id, UserId::new(Ulid(77))).expect("two users").to_string();
    let announced = json!({"version": "v1", "conversation": conversation, "seq": 1}).to_string();
    let begun = json!({"version": "v1", "step": "begin", "user": user, "watch": 7}).to_string();
    let silent = json!({"version": "v1", "step": "silence", "user": user, "renewed_at_ms": 1}).to_string();
    let failed = [
        bench.hand_over(&bench.fan_out_queue, &[&announced], |event| bench.fan_out.handle(event)).await,
        bench.hand_over(&bench.presence_queue, &[&begun], |event| bench.presence.handle(event)).await,
        bench.hand_over(&bench.pushes_queue, &[&silent], |event| bench.push_records(event)).await,
    ];
    for (failed, body) in failed.into_iter().zip([announced, begun, silent]) {
        assert!(failed.contains(&body), "{body}");
    }
}

async fn over_sockets(bench: &Bench, ada: &User, bob: &User) {
    bench.has_old_connection(bob, &format!("{GONE}1=")).await;
    let conversation = bench.send(ada, bob, "m1", "opens, and finds a connection gone").await;
    bench.has_old_connection(ada, &format!("{GONE}2=")).await;
    for frame in [
        json!({"action": "read", "id": "1", "conversation": conversation, "seq": 1}),
        json!({"action": "read", "id": "2", "conversation": conversation, "seq": 2}),
        json!({"action": "history", "id": "3", "conversation": conversation}),
    ] {
        let route = frame["action"].as_str().expect("an action");
        assert!(bench.ask(bob, route, &frame).await.is_some());
    }
    // For an empty log, a mark of format 1 is looked up.
    let empty = ConversationId::dm(bob.id, UserId::new(Ulid(77))).expect("two users").to_string();
    let read = json!({"action": "read", "id": "4", "conversation": empty, "seq": 1});
    assert!(bench.ask(bob, "read", &read).await.is_some());
    bench.sync(bob, json!({})).await;
    let partial = json!({"action": "sync", "id": "s", "cursors": {&conversation: 0}, "partial": true});
    assert!(bench.ask(bob, "sync", &partial).await.is_some());
    for n in 0..5 {
        bench.send(ada, bob, &format!("long {n}"), &"more than a frame takes. ".repeat(700)).await;
    }
    bench.sync(bob, json!({})).await;

    // The sixth connection displaces the first.
    for n in 0..=SOCKETS_PER_DEVICE_MAX {
        bench.connect(1, &format!("c1-{n}=")).await;
    }
    for n in 0..=SOCKETS_PER_DEVICE_MAX {
        bench.disconnect(1, &format!("c1-{n}=")).await;
    }
    bench.heartbeat(ada).await;

    // A connection that lost its registration gets it back with any frame, unless its login has ended.
    bench.disconnect(2, "c2=").await;
    bench.sync(bob, json!({})).await;
    bench.disconnect(2, "c2=").await;
    bench.send(bob, ada, "m9", "registered again").await;
    bench.disconnect(2, "c2=").await;
    bench.heartbeat(bob).await;
    bench.is_logged_out(9).await;
    bench.ends_sockets(9).await;
}

async fn over_http(bench: &Bench, bob: &User) {
    let session = bench.signs_up("carol").await;
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let carol = session["user"].as_str().expect("a user").parse().expect("a user id");
    let conversation = ConversationId::dm(carol, bob.id).expect("two users");
    bench.has_old_connection(bob, &format!("{GONE}3=")).await;

    let login = json!({"handle": "carol", "password": "correct horse"});
    let wrong = json!({"handle": "carol", "password": "incorrect horse"});
    let message = json!({"client_message_id": "m1", "text": "by HTTP"});
    let absent = ConversationId::dm(carol, bench.absent(31).await.id).expect("two users");
    let muted = json!({"muted_until_ms": 1});
    let path = format!("/v1/conversations/{conversation}");
    for (method, path, body, expected) in [
        ("POST", "/v1/login".to_owned(), wrong, 401),
        ("POST", "/v1/login".to_owned(), login, 200),
        ("PATCH", "/v1/me".to_owned(), json!({"display_name": "Carol"}), 200),
        ("POST", format!("{path}/messages"), message.clone(), 200),
        ("POST", format!("/v1/conversations/{absent}/messages"), message, 200),
        ("PATCH", path.clone(), muted, 200),
        ("GET", format!("{path}/messages"), Value::Null, 200),
        ("GET", format!("{path}/receipts"), Value::Null, 200),
        ("GET", "/v1/conversations".to_owned(), Value::Null, 200),
        ("GET", "/v1/devices".to_owned(), Value::Null, 200),
        ("POST", "/v1/tickets".to_owned(), Value::Null, 200),
    ] {
        let (status, answer) = bench.call(method, &path, &token, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    push_tour::registering(bench, &token).await;
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let (status, renewed) = bench.call("POST", "/v1/token/refresh", "", refresh).await;
    assert_eq!(status, 200);
    bench.connects_by_access_token(&renewed, "c4=").await;
    bench.connects_as(&session, "c3=").await;
    bench.has_old_connection_of_another_device(carol, &format!("{GONE}8=")).await;
    let passwords = json!({"old_password": "correct horse", "new_password": "battery staple"});
    let (status, session) = bench.call("POST", "/v1/me/password", &token, passwords).await;
    assert_eq!(status, 200, "{session}");
    let (status, _) = bench.call("POST", "/v1/logout", &token, json!({"everywhere": true})).await;
    assert_eq!(status, 204);
}

async fn in_groups(bench: &Bench, ada: &User, bob: &User) {
    let absent = bench.absent(30).await;
    let session = bench.signs_up("dave").await;
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let group = json!({"name": "Climbing", "members": [ada.id.to_string(), absent.id.to_string()]});
    let (status, group) = bench.call("POST", "/v1/groups", &token, group).await;
    assert_eq!(status, 201, "{group}");
    let group = group["group"].as_str().expect("an id").to_owned();
    bench.send_to_group(ada, &group, "g1").await;
    bench.has_old_connection(ada, &format!("{GONE}4=")).await;
    bench.run_fan_out().await;
    bench.run_push().await;
    assert_eq!(bench.explained(&group, 2).await["kind"], "text");
    let read = json!({"action": "read", "id": "r", "conversation": group, "seq": 1});
    assert!(bench.ask(ada, "read", &read).await.is_some());
    bench.enqueue_nonsense(&bench.fan_out_queue).await;
    bench.run_fan_out().await;
    let path = format!("/v1/groups/{group}");
    let bobs = format!("{path}/members/{}", bob.id);
    for (method, path, expected) in [
        ("PUT", bobs.clone(), 200),
        ("DELETE", bobs, 204),
        ("GET", "/v1/conversations".to_owned(), 200),
        ("DELETE", path, 204),
    ] {
        let (status, answer) = bench.call(method, &path, &token, json!({})).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    bench.row_was_left_of_no_group(ada).await;
    bench.row_stays_in_place(ada, &group).await;
    assert_eq!(bench.sync(ada, json!({})).await["complete"], true);
    bench.row_was_left_open(ada, &group).await;
    assert_eq!(bench.sync(ada, json!({})).await["complete"], true);
    bench.run_fan_out().await;
    bench.send_is_refused(ada, &group).await;
}

async fn among_friends(bench: &Bench, ada: &User, bob: &User) {
    let session = bench.signs_up("erin").await;
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let (bobs, ada_and_bob) =
        (format!("contacts/{}", bob.id), json!([ada.id.to_string(), bob.id.to_string()]));
    for (method, path, expected) in [
        ("PUT", bobs.clone(), 200),
        ("GET", "contacts".to_owned(), 200),
        ("DELETE", bobs, 204),
        ("PUT", format!("blocks/{}", bob.id), 204),
        ("GET", "blocks".to_owned(), 200),
        ("DELETE", format!("blocks/{}", bob.id), 204),
    ] {
        let (status, answer) = bench.call(method, &format!("/v1/{path}"), &token, Value::Null).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    // Ada connects and is alone; then Bob connects and observes her, and users query her presence.
    bench.befriend(ada, bob).await;
    bench.enqueue_nonsense(&bench.presence_queue).await;
    bench.run_presence().await;
    for n in 5..8 {
        bench.has_old_connection(bob, &format!("{GONE}{n}=")).await;
        bench.has_old_connection(ada, &format!("{GONE}{n}=")).await;
        let lease_check = bench.next_lease_check(ada).await;
        bench.was_silent_for_long(ada).await;
        redeliver(&lease_check, |event| bench.presence.handle(event)).await;
        bench.was_alone_for_long(bob).await;
        bench.heartbeat(ada).await;
        bench.run_presence().await;
    }
    bench.was_alone_for_long(bob).await;
    let presence = json!({"action": "presence", "id": "p", "users": ada_and_bob});
    assert!(bench.ask(ada, "presence", &presence).await.is_some());
    bench.group(ada, &[bob]).await;
    let stranger = json!({"action": "presence", "id": "p", "users": [session["user"]]});
    assert!(bench.ask(ada, "presence", &stranger).await.is_some());
    let conversation = ConversationId::dm(ada.id, bob.id).expect("two users");
    let typing = json!({"action": "typing", "conversation": conversation.to_string()});
    assert_eq!(bench.ask(ada, "typing", &typing).await, None);
    // They stop seeing each other, and see each other again.
    for method in ["PUT", "DELETE"] {
        let path = format!("/v1/blocks/{}", bob.id);
        let (status, answer) = bench.call(method, &path, &token_of(ada), Value::Null).await;
        assert_eq!(status, 204, "{method}: {answer}");
        assert!(bench.run_presence().await > 0, "{method} notifies nobody");
    }
}
