//! A device that connects and disconnects while others write.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Chat, Socket, User};

const MESSAGES: u64 = 60;

/// The positions that a device has.
#[derive(Default)]
struct Have(BTreeSet<u64>);

impl Have {
    fn note(&mut self, message: &Value) {
        self.0.insert(message["seq"].as_u64().unwrap());
    }

    /// The highest position up to which the device has everything.
    fn cursor(&self) -> u64 {
        (1..).find(|seq| !self.0.contains(seq)).unwrap() - 1
    }

    async fn sync(&mut self, socket: &mut Socket, conversation: &str) {
        let missed = socket.missed(conversation, json!({conversation: self.cursor()})).await;
        missed.iter().for_each(|message| self.note(message));
    }
}

async fn write(mut phone: Socket, to: &User) {
    for n in 0..MESSAGES {
        phone.say(&to.id, &n.to_string()).await;
    }
}

#[tokio::test]
async fn sync_and_the_events_after_it_leave_no_hole() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let watch = async {
        let mut socket = bob.connect().await;
        let mut have = Have::default();
        have.sync(&mut socket, &dm).await;
        while have.cursor() < MESSAGES {
            have.note(&socket.next("message").await);
        }
    };
    tokio::join!(write(alice.connect().await, &bob), watch);
}

#[tokio::test]
async fn a_device_that_reconnects_again_and_again_misses_nothing() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let watch = async {
        let mut have = Have::default();
        while have.cursor() < MESSAGES {
            let mut socket = bob.connect().await;
            have.sync(&mut socket, &dm).await;
            if have.cursor() < MESSAGES {
                have.note(&socket.next("message").await);
            }
            socket.cut();
        }
    };
    tokio::join!(write(alice.connect().await, &bob), watch);
}
