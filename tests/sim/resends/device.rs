//! Devices that resend their messages, and the other user, who answers and blocks.

use std::sync::Arc;

use confab_memory::yield_once;

use super::world::{World, other, sender};
use crate::executor::Spawner;

/// Attempts after which a device gives up once no call fails.
const TRIES_MAX: u32 = 3;

pub(crate) struct Device {
    world: Arc<World>,
    spawner: Spawner,
    number: u32,
    /// Keys of the messages, which are also their texts.
    outbox: Vec<String>,
}

impl Device {
    pub(crate) fn new(world: &Arc<World>, spawner: &Spawner, number: u32) -> Self {
        Self { world: Arc::clone(world), spawner: spawner.clone(), number, outbox: Vec::new() }
    }

    /// Sends messages and resends any of them, waiting for answers or not.
    pub(crate) async fn live(mut self) -> Self {
        for _ in 0..self.world.scenario.acts {
            let earlier = (!self.outbox.is_empty()).then(|| self.world.random.pick(&self.outbox).clone());
            let has_stories = self.world.scenario.has_stories;
            match (self.world.random.below(if has_stories { 14 } else { 9 }), earlier) {
                (0..=1, Some(key)) => self.send(&[(&key, &key)]).await,
                (2, Some(key)) => self.send(&[(&key, &key), (&key, &key)]).await,
                (3, Some(key)) => self.send(&[(&key, "something else")]).await,
                (9.., _) => match self.world.random.below(2) {
                    0 => self.hang().await,
                    _ => self.come_back().await,
                },
                (4, _) => self.wait(60).await,
                _ => self.send_new().await,
            }
        }
        self
    }

    fn new_key(&mut self) -> String {
        let key = format!("{}-{}", self.number, self.outbox.len());
        self.outbox.push(key.clone());
        key
    }

    async fn send_new(&mut self) {
        let key = self.new_key();
        self.send(&[(&key, &key)]).await;
    }

    /// Fills the places of the row, and perhaps more.
    async fn send_many_new(&mut self) {
        for _ in 0..self.world.scenario.claims_max as u64 + self.world.random.below(8) {
            self.send_new().await;
        }
    }

    /// Sends a message that is refused late, and resends it before the refusal, when other keys have taken its place.
    async fn hang(&mut self) {
        let key = self.new_key();
        self.world.block(true).await;
        let (world, again) = (Arc::clone(&self.world), key.clone());
        let hanging = self.spawner.spawn(async move { world.send_hanging(&again).await });
        hanging.within(self.world.random.between(10, 60)).await;
        self.world.block(false).await;
        self.send_many_new().await;
        self.send(&[(&key, &key)]).await;
        self.wait(1_000).await;
        self.world.pass(self.world.random.between(100, 200));
        // So many that the tail of the log does not include the message.
        for n in 0..8 {
            self.world.send(other(), &format!("after-{key}-{n}"), "Well?").await;
        }
        self.send_new().await;
        self.send(&[(&key, &key)]).await;
    }

    /// Resends a message that is far back, twice.
    async fn come_back(&mut self) {
        let key = self.new_key();
        self.send(&[(&key, &key)]).await;
        self.world.pass(self.world.random.below(80));
        self.send_many_new().await;
        self.send(&[(&key, &key)]).await;
        self.world.pass(self.world.random.below(80));
        self.send(&[(&key, &key)]).await;
    }

    async fn wait(&self, polls_max: u64) {
        for _ in 0..self.world.random.below(polls_max) {
            yield_once().await;
        }
    }

    /// Resends everything once no call fails any more.
    pub(crate) async fn settle(self) {
        self.world.block(false).await;
        for key in self.outbox {
            let mut answer = None;
            for _ in 0..TRIES_MAX {
                answer = answer.or(self.world.send(sender(), &key, &key).await);
            }
            if answer.is_none() {
                self.world.fault(format!("{key} is not answered in a healthy run"));
            }
        }
    }

    /// Sends messages concurrently.
    async fn send(&self, messages: &[(&String, &str)]) {
        let mut answers = Vec::new();
        for (key, text) in messages {
            let (world, key, text) = (Arc::clone(&self.world), (*key).clone(), (*text).to_owned());
            answers.push(self.spawner.spawn(async move { world.send(sender(), &key, &text).await }));
        }
        let patience = self.world.random.between(10, 400);
        for answer in answers {
            answer.within(patience).await;
        }
    }
}

/// The other user of the conversation.
pub(crate) struct Other {
    world: Arc<World>,
    spawner: Spawner,
}

impl Other {
    pub(crate) fn new(world: &Arc<World>, spawner: &Spawner) -> Self {
        Self { world: Arc::clone(world), spawner: spawner.clone() }
    }

    pub(crate) async fn live(self) {
        for n in 0..self.world.scenario.acts {
            if self.world.random.once_in(self.world.scenario.block_once_in) {
                self.world.block(self.world.random.once_in(2)).await;
            }
            let (world, key) = (Arc::clone(&self.world), format!("answer-{n}"));
            let sending = self.spawner.spawn(async move { world.send(other(), &key, &key).await });
            sending.within(self.world.random.between(10, 400)).await;
            for _ in 0..self.world.random.below(60) {
                yield_once().await;
            }
        }
    }
}
