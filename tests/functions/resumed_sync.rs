//! A sync that takes so long that it is resumed, more than once, while messages keep arriving.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{Bench, User, frame_of, message};

/// So slow that an answer ends after a few pages, and fast enough for every function to end in time.
const DELAY: Duration = Duration::from_millis(1_300);

/// So slow that the first answer ends among the conversations before the group.
const FIRST_DELAY: Duration = Duration::from_secs(3);

/// More pages of one log than one answer returns. Unit: messages.
const IN_GROUP: usize = 220;

/// Positions of messages, by conversation.
type Positions = BTreeMap<String, BTreeSet<u64>>;

fn note(positions: &mut Positions, message: &Value) {
    let conversation = message["conversation"].as_str().expect("a conversation").to_owned();
    positions.entry(conversation).or_default().insert(message["seq"].as_u64().expect("a position"));
}

/// The messages that a device received by syncs and by events.
#[derive(Debug, Default)]
struct Device {
    synced: Positions,
    announced: Positions,
}

impl Device {
    /// Takes the posted frames and the answer.
    fn takes(&mut self, posted: Vec<Value>, answer: &Value) {
        for frame in posted.iter().chain([answer]) {
            match frame["type"].as_str() {
                Some("sync") => {
                    let given = frame["conversations"].as_array().expect("conversations").iter();
                    for message in given.flat_map(|part| part["messages"].as_array().expect("messages")) {
                        note(&mut self.synced, message);
                    }
                }
                Some("message") => note(&mut self.announced, frame),
                _ => {}
            }
        }
    }
}

/// A bench on which a user has missed 40 conversations, and four pages of a group.
struct Missed {
    bench: Bench,
    reader: User,
    group: String,
    senders: Vec<User>,
}

impl Missed {
    async fn new() -> Self {
        let bench = Bench::new().await;
        // Between the others, so that some conversations sort before the reader's and some after.
        let reader = User::new(&bench, 20).await;
        let mut senders = Vec::new();
        for n in (1..=41).filter(|n| *n != 20) {
            senders.push(User::new(&bench, n).await);
        }
        let group = bench.group(&senders[0], &[&reader]).await;
        for n in 1..IN_GROUP {
            bench.send_to_group(&senders[0], &group, &format!("g{n}")).await;
        }
        bench.run_fan_out().await;
        let missed = Self { bench, reader, group, senders };
        missed.writes("before").await;
        missed.bench.posts.take_frames("c20=");
        missed
    }

    /// Has each sender write to the reader once more.
    async fn writes(&self, id: &str) {
        for sender in &self.senders {
            self.bench.send(sender, &self.reader, id, "hello").await;
        }
        self.bench.send_to_group(&self.senders[0], &self.group, id).await;
        self.bench.run_fan_out().await;
    }

    /// The positions in all logs now.
    async fn logs(&self) -> Positions {
        let (device, mut answer) = (&mut Device::default(), json!({}));
        while answer["complete"] != true {
            answer = self.syncs(&answer["next"]).await;
            device.takes(self.bench.posts.take_frames("c20="), &answer);
        }
        device.synced.clone()
    }

    async fn syncs(&self, after: &Value) -> Value {
        let frame = json!({"action": "sync", "id": "s", "cursors": {}, "after": after});
        let answer = frame_of(self.bench.sync.handle(message(&self.reader, "sync", &frame)).await);
        assert_eq!(answer["type"], "sync", "{answer}");
        answer
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_by_a_sync_that_is_resumed_while_messages_come() {
    let missed = Missed::new().await;
    let before = missed.logs().await;
    assert_eq!((before.len(), before[&missed.group].len()), (41, IN_GROUP + 1), "{before:?}");

    let (mut device, mut after, mut tokens) = (Device::default(), Value::Null, Vec::new());
    loop {
        missed.bench.stalls.delay(if tokens.is_empty() { FIRST_DELAY } else { DELAY });
        let answer = missed.syncs(&after).await;
        missed.bench.stalls.end();
        device.takes(missed.bench.posts.take_frames("c20="), &answer);
        if answer["complete"] == true {
            assert_eq!(answer["next"], Value::Null);
            break;
        }
        after = answer["next"].clone();
        tokens.push(after.as_str().expect("a token").to_owned());
        missed.writes(&format!("between-{}", tokens.len())).await;
        device.takes(missed.bench.posts.take_frames("c20="), &Value::Null);
    }

    eprintln!("{tokens:?}");
    assert!(tokens.len() >= 3, "{tokens:?}");
    let within = tokens.iter().filter(|token| token.split('.').count() > 2).count();
    assert!(within > 0 && within < tokens.len(), "resumed within a log and after one: {tokens:?}");
    for (conversation, positions) in &before {
        let missing: Vec<&u64> = positions.difference(&device.synced[conversation]).collect();
        assert!(missing.is_empty(), "{conversation}: {missing:?} were lost");
    }
    // Messages that came meanwhile were announced or returned.
    for (conversation, positions) in &missed.logs().await {
        let none = BTreeSet::new();
        let announced = device.announced.get(conversation).unwrap_or(&none);
        let missing = positions
            .iter()
            .filter(|seq| !announced.contains(seq) && !device.synced[conversation].contains(seq));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&u64>::new(), "{conversation}");
    }
}
