//! Costs of contacts, blocks and profiles on DynamoDB, counted in the transport; see [`crate::costs`].

use confab_app::presence::{PresenceTask, Step};
use confab_lambda::clock;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::costs::{Budget, check};
use crate::queue_bench::redeliver;

/// A user who has signed up and has one connected device.
struct Person {
    user: String,
    token: String,
}

async fn person(bench: &Bench, handle: &str) -> Person {
    let session = bench.signs_up(handle).await;
    bench.connects_by_access_token(&session, &format!("{handle}=")).await;
    let text = |name: &str| session[name].as_str().expect("a field of a session").to_owned();
    // The first call with an access token of a generation records its use, which is a write.
    bench.call("GET", "/v1/me", &text("access_token"), Value::Null).await;
    Person { user: text("user"), token: text("access_token") }
}

/// Makes a call about another user, after a reset of the meter.
async fn changes(bench: &Bench, by: &Person, method: &str, list: &str, of: &Person) {
    bench.meter.reset();
    bench.forget_posts();
    let path = format!("/v1/{list}/{}", of.user);
    let (status, body) = bench.call(method, &path, &by.token, Value::Null).await;
    assert!(matches!(status, 200 | 204), "{method} {path}: {status} {body}");
}

#[tokio::test]
async fn a_contact_event_costs_one_read_of_the_two_sessions() {
    let bench = Bench::new().await;
    let [ada, bob] = [person(&bench, "ada").await, person(&bench, "bob").await];
    changes(&bench, &ada, "PUT", "contacts", &bob).await;
    assert_eq!(bench.posts(), 1, "requested");
    check("a request", &bench, &Budget { write_units: 7.0, read_units: 6.0, round_trips: 8 });
    changes(&bench, &bob, "PUT", "contacts", &ada).await;
    assert_eq!(bench.posts(), 1, "friends");
    check("the acceptance", &bench, &Budget { write_units: 6.0, read_units: 6.0, round_trips: 7 });
    changes(&bench, &ada, "DELETE", "contacts", &bob).await;
    assert_eq!(bench.posts(), 1, "ended");
    check("a removal", &bench, &Budget { write_units: 8.0, read_units: 5.0, round_trips: 8 });
}

#[tokio::test]
async fn a_block_costs_no_more_than_the_end_of_a_friendship() {
    let bench = Bench::new().await;
    let [ada, bob] = [person(&bench, "ada").await, person(&bench, "bob").await];
    changes(&bench, &ada, "PUT", "blocks", &bob).await;
    assert_eq!(bench.posts(), 0, "a block sends no event");
    check("a block", &bench, &Budget { write_units: 6.0, read_units: 4.0, round_trips: 6 });
}

/// A task that an earlier version queued notifies of the present state.
#[tokio::test]
async fn a_last_offline_costs_one_read_of_the_relations_and_sessions_on_each_side() {
    let bench = Bench::new().await;
    let [ada, bob] = [person(&bench, "ada").await, person(&bench, "bob").await];
    changes(&bench, &ada, "PUT", "contacts", &bob).await;
    changes(&bench, &bob, "PUT", "contacts", &ada).await;
    bench.run_presence().await;
    changes(&bench, &ada, "DELETE", "contacts", &bob).await;
    let now = clock::now().as_ms();
    let (user, other) = (ada.user.clone(), bob.user.clone());
    let step = Step::Pair { user, other, sees: false, number: None, at_ms: now, made_by_ms: now };
    let task = serde_json::to_string(&PresenceTask::V1(step)).expect("JSON");
    bench.meter.reset();
    bench.forget_posts();
    assert!(!redeliver(&task, |event| bench.presence.handle(event)).await);
    assert_eq!(bench.posts(), 2, "one event for each side");
    // For each side before the post, and once more after it.
    check("a last offline", &bench, &Budget { write_units: 0.0, read_units: 15.0, round_trips: 5 });
}

#[tokio::test]
async fn a_new_name_costs_one_read_of_each_friends_session() {
    let bench = Bench::new().await;
    let ada = person(&bench, "ada").await;
    for n in 0..8 {
        let friend = person(&bench, &format!("friend{n}")).await;
        changes(&bench, &ada, "PUT", "contacts", &friend).await;
        changes(&bench, &friend, "PUT", "contacts", &ada).await;
    }
    bench.meter.reset();
    bench.forget_posts();
    let (status, _) = bench.call("PATCH", "/v1/me", &ada.token, json!({"display_name": "Ada L."})).await;
    assert_eq!(
        (status, bench.posts()),
        (200, 8),
        "each friend, and no event for the device that made the change"
    );
    check("a new name", &bench, &Budget { write_units: 2.0, read_units: 11.0, round_trips: 5 });
}
