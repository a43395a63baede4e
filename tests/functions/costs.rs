//! Costs of each operation on DynamoDB, counted in the transport.
//!
//! Request units are exact and the same everywhere, unlike times: the emulator answers with `ConsumedCapacity`, which
//! the production handlers never see.

use confab_domain::ConversationId;
use serde_json::{Value, json};

use crate::bench::{Bench, User};

/// Largest number of units of an operation, and of requests that wait for one another.
pub(crate) struct Budget {
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    pub(crate) round_trips: u32,
}

#[track_caller]
pub(crate) fn check(what: &str, bench: &Bench, budget: &Budget) {
    let usage = bench.meter.snapshot();
    assert!(usage.write_units <= budget.write_units, "{what}: {usage:?}");
    assert!(usage.read_units <= budget.read_units, "{what}: {usage:?}");
    assert!(usage.round_trips <= budget.round_trips, "{what}: {usage:?}");
}

/// Half a read unit is for the sender's own session row, which is read with the claim.
const SEND: Budget = Budget { write_units: 2.0, read_units: 4.5, round_trips: 3 };

/// The same, if messages of others were unread, which the message marks as read.
const ANSWER: Budget = Budget { write_units: 3.0, ..SEND };

#[tokio::test]
async fn a_send_costs_two_writes_and_four_and_a_half_reads_in_three_round_trips() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&ada, &bob, "m1", "the first one opens the conversation").await;
    for n in 2..50 {
        bench.forget_posts();
        let (sender, receiver) = if n % 2 == 0 { (&bob, &ada) } else { (&ada, &bob) };
        bench.is_renewed(sender).await;
        bench.meter.reset();
        bench.send(sender, receiver, &format!("m{n}"), "Shall we meet at eight?").await;
        check("a send that answers", &bench, &ANSWER);
        assert_eq!(bench.posts(), 1, "the sender's own device gets no event");
    }
}

#[tokio::test]
async fn of_sixteen_sends_in_a_row_one_costs_a_write_more() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&bob, &ada, "m0", "the first one opens the conversation").await;
    bench.send(&ada, &bob, "m1", "It is read when it is answered.").await;
    let mut more = 0;
    for n in 2..34 {
        bench.is_renewed(&ada).await;
        bench.meter.reset();
        bench.send(&ada, &bob, &format!("m{n}"), "Shall we meet at eight?").await;
        check("a send in a row", &bench, &ANSWER);
        more += u32::from(bench.meter.snapshot().write_units > SEND.write_units);
    }
    assert_eq!(more, 2);
}

#[tokio::test]
async fn a_send_from_a_fresh_environment_costs_no_more() {
    let mut bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    for n in 1..6 {
        bench.send(&ada, &bob, &format!("m{n}"), "Shall we meet at eight?").await;
        bench.forget_warm_state();
    }
    bench.is_renewed(&bob).await;
    bench.meter.reset();
    bench.send(&bob, &ada, "m9", "At eight.").await;
    check("a send from a fresh environment", &bench, &ANSWER);
}

/// More was sent within the last 40 seconds than the tail shows, and this environment has seen none of it: it reads
/// further back, once.
#[tokio::test]
async fn a_send_from_a_fresh_environment_into_a_burst_costs_one_read_more() {
    let mut bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    for n in 1..30 {
        bench.send(&ada, &bob, &format!("m{n}"), "no").await;
    }
    bench.forget_warm_state();
    bench.is_renewed(&bob).await;
    bench.meter.reset();
    bench.send(&bob, &ada, "m99", "yes").await;
    check("a send into a burst", &bench, &Budget { write_units: 3.0, read_units: 6.5, round_trips: 4 });
}

/// An inbox row of the largest size: the user was alerted, joined and left four times, and sent many messages in a
/// group of a million entries. A shorter row costs no more.
#[tokio::test]
async fn a_claim_in_the_largest_row_costs_one_write_unit() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    let dm = bench.send(&ada, &bob, "m0", "The first one opens the conversation.").await;
    for n in 0..48 {
        bench.send_to_group(&ada, &group, &format!("m{n}")).await;
        bench.send(&ada, &bob, &format!("n{n}"), "Shall we meet at eight?").await;
    }
    for conversation in [&group, &dm] {
        bench.fill_row(&ada, conversation).await;
    }
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    bench.send_to_group(&ada, &group, "m99").await;
    // More than 48 within two minutes: the search continues to the sender's last 32.
    check("a send to a group", &bench, &Budget { write_units: 2.0, read_units: 4.0, round_trips: 3 });
    bench.meter.reset();
    bench.send(&ada, &bob, "n99", "At eight.").await;
    check("a send", &bench, &Budget { write_units: 2.0, read_units: 6.5, round_trips: 4 });
}

/// The claim, the check and the release of the place: the row is read, and written twice.
#[tokio::test]
async fn a_refused_send_costs_two_writes_and_a_repeated_one_a_failed_write() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&ada, &bob, "m1", "the first one opens the conversation").await;
    bench.blocks(&bob, &ada).await;
    for n in 0..50 {
        bench.is_renewed(&ada).await;
        bench.meter.reset();
        bench.is_refused(&ada, &bob, &format!("r{n}"), "forbidden").await;
        let budget = Budget { write_units: 2.0, read_units: 3.5, round_trips: 3 };
        check("a send that is refused", &bench, &budget);
    }
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    bench.is_repeated(&ada, &bob, "m1", "the first one opens the conversation").await;
    check("a message sent again", &bench, &Budget { write_units: 1.0, read_units: 4.5, round_trips: 2 });
}

#[tokio::test]
async fn a_sync_with_nothing_new_costs_a_read_per_conversation_and_no_write() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let mut cursors = serde_json::Map::new();
    for n in 2..32 {
        let other = User::new(&bench, n).await;
        let conversation = bench.send(&other, &ada, "m1", "Shall we meet at eight?").await;
        cursors.insert(conversation, 1.into());
    }
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    let answer = bench.sync(&ada, cursors.into()).await;
    assert_eq!(answer["complete"], true);
    check(
        "a sync of 30 conversations",
        &bench,
        &Budget { write_units: 0.0, read_units: 34.5, round_trips: 5 },
    );
}

#[tokio::test]
async fn a_message_to_a_hundred_costs_three_units_in_send_and_a_unit_per_member_in_fan_out() {
    let bench = Bench::new().await;
    let mut users = Vec::new();
    for n in 1..=100 {
        users.push(User::new(&bench, n).await);
    }
    let others: Vec<&User> = users[1..].iter().collect();
    let group = bench.group(&users[0], &others).await;
    assert_eq!(bench.run_fan_out().await, 1);
    // A message that answers marks the earlier ones as read.
    for (sender, write_units) in users.iter().zip([2.0, 3.0, 3.0]) {
        bench.is_renewed(sender).await;
        bench.meter.reset();
        bench.send_to_group(sender, &group, "m1").await;
        let usage = bench.meter.snapshot();
        let exact = (usage.write_units, usage.read_units);
        let what = "claim, entry, mark, end of the log, a read of the session";
        assert_eq!(exact, (write_units, 1.5), "{what}: {usage:?}");
        // In a group, nothing is read after the append; the mark is written beside the queue.
        let budget = Budget { write_units, read_units: 1.5, round_trips: 3 };
        check("a send to a group", &bench, &budget);

        bench.meter.reset();
        bench.forget_posts();
        assert_eq!(bench.run_fan_out().await, 1, "one message in the queue for all");
        let budget = Budget { write_units: 0.0, read_units: 104.0, round_trips: 2 };
        check("fan-out to a hundred", &bench, &budget);
        assert_eq!(bench.posts(), 99, "the sender's own device gets no event");
    }
}

/// The login and the rows; for each conversation its end, a page for the count, and half a unit for the peer's profile.
#[tokio::test]
async fn the_chat_list_costs_half_a_read_per_peer_besides() {
    const PEERS: u8 = 20;
    let bench = Bench::new().await;
    let session = bench.signs_up("carol").await;
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let carol = session["user"].as_str().expect("a user").parse().expect("a user id");
    for n in 2..2 + PEERS {
        let peer = User::new(&bench, n.into()).await;
        let conversation = ConversationId::dm(carol, peer.id).expect("two users");
        let path = format!("/v1/conversations/{conversation}/messages");
        let message = json!({"client_message_id": "m1", "text": "hello"});
        assert_eq!(bench.call("POST", &path, &token, message).await.0, 200);
    }
    bench.meter.reset();
    let (status, list) = bench.call("GET", "/v1/conversations", &token, Value::Null).await;
    let usage = bench.meter.snapshot();
    assert_eq!(status, 200, "{list}");
    let rows = list["conversations"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["peer"]["display_name"] == "A user"), "{list}");
    assert_eq!(rows.len(), usize::from(PEERS));
    let (login_and_rows, per_row, per_peer) = (1.0 + 3.0, 2.0, 0.5);
    let expected = login_and_rows + f64::from(PEERS) * (per_row + per_peer);
    assert!(usage.read_units <= expected && usage.write_units == 0.0, "{usage:?}");
}
