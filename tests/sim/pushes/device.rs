//! A device: it connects, writes, reads, mutes and disconnects.

use std::sync::Arc;
use std::time::Duration;

use confab_app::ports::Identity;
use confab_domain::own_mark::ReadThrough;
use confab_domain::{Attendance, ConnectionId, ConversationId, Seq, Timestamp, UserId};

use super::scenario::POLICY;
use super::world::World;
use crate::presence::clock::Spawner;
use crate::world::user;

/// Where devices connect together, they do so at multiples of this time. Unit: milliseconds.
const TOGETHER_EVERY_MS: u64 = 40_000;

pub(crate) struct Device {
    pub(crate) world: Arc<World>,
    pub(crate) spawner: Spawner,
    pub(crate) identity: Identity,
    socket: Option<ConnectionId>,
}

impl Device {
    pub(crate) fn new(world: &Arc<World>, spawner: &Spawner, identity: Identity) -> Self {
        Self { world: Arc::clone(world), spawner: spawner.clone(), identity, socket: None }
    }

    /// Connects and disconnects until that time; then stays disconnected.
    pub(crate) async fn live(mut self, until: Timestamp) {
        let (world, random) = (Arc::clone(&self.world), Arc::clone(&self.world.random));
        while world.clock.now() < until {
            self.stay_away(until).await;
            self.socket = world.connect(self.identity).await;
            self.stay(until).await;
            self.go(random.once_in(2)).await;
        }
    }

    async fn stay_away(&self, until: Timestamp) {
        let (world, random) = (&self.world, &self.world.random);
        let longest = *random.pick(&[5, world.scenario.absence_max]);
        let mut back_at = world.clock.now().plus(Duration::from_millis(random.below(longest * 1000)));
        if world.scenario.together {
            let next_ms = (world.clock.now().as_ms() / TOGETHER_EVERY_MS + 1) * TOGETHER_EVERY_MS;
            back_at = Timestamp::from_ms(next_ms + random.below(1_000));
        }
        while world.clock.now() < back_at.min(until) {
            world.clock.sleep(Duration::from_millis(random.between(1, 20_000))).await;
            // Over HTTP, as from a notification.
            match random.below(12) {
                0 => self.write(None).await,
                1 => self.mute(false).await,
                _ => {}
            }
        }
    }

    async fn stay(&mut self, until: Timestamp) {
        use Attendance::{Attended, Idle};
        let Some(connection) = self.socket.clone() else { return };
        let (world, random) = (Arc::clone(&self.world), Arc::clone(&self.world.random));
        let stay = Duration::from_millis(random.below(world.scenario.stay_max * 1000));
        let leaves_at = world.clock.now().plus(stay).min(until);
        let mut beats_at = world.clock.now().plus(POLICY.interval);
        let mut idle_until = None;
        // A socket that takes no event is closed.
        while world.clock.now() < leaves_at && world.gateway.is_open(&connection) {
            let act_at =
                world.clock.now().plus(Duration::from_millis(random.between(1, world.scenario.act_ms_max)));
            world.clock.sleep(act_at.min(beats_at).since(world.clock.now())).await;
            if world.clock.now() >= beats_at {
                beats_at = world.clock.now().plus(POLICY.interval);
                self.beat(&connection, if idle_until.is_some() { Idle } else { Attended });
                continue;
            }
            match idle_until {
                Some(until) if world.clock.now() < until => {}
                Some(_) => {
                    idle_until = None;
                    self.beat(&connection, Attended);
                }
                None if random.once_in(world.scenario.idle_once_in) => {
                    let left_alone = Duration::from_secs(random.between(1, world.scenario.stay_max));
                    idle_until = Some(world.clock.now().plus(left_alone));
                    self.beat(&connection, Idle);
                }
                None => self.act(&connection).await,
            }
        }
    }

    /// Sends a heartbeat without waiting for the answer.
    fn beat(&self, connection: &ConnectionId, attendance: Attendance) {
        let (world, identity, connection) = (Arc::clone(&self.world), self.identity, connection.clone());
        self.spawner.spawn(async move { world.heartbeat(identity, connection, attendance).await });
    }

    async fn act(&self, connection: &ConnectionId) {
        match self.world.random.below(20) {
            0..8 => self.write(Some(connection.clone())).await,
            8..16 => self.read(connection).await,
            16 => self.mute(true).await,
            17 => self.turn_somebody().await,
            _ => {}
        }
    }

    fn any_conversation(&self) -> ConversationId {
        *self.world.random.pick(&self.world.conversations(self.identity.user))
    }

    fn newest(&self, conversation: ConversationId) -> Option<Seq> {
        self.world.memory.with_appended(|appended| {
            appended.iter().filter(|entry| entry.conversation == conversation).map(|entry| entry.seq).max()
        })
    }

    /// Writes a message, sometimes one that waited in an outbox, with the author's read position.
    async fn write(&self, origin: Option<ConnectionId>) {
        let (world, conversation) = (&self.world, self.any_conversation());
        let through = if world.random.once_in(3) {
            let newest = self.newest(conversation).map_or(0, Seq::get);
            ReadThrough::Seq(Seq::new(newest.saturating_sub(world.random.below(4))))
        } else {
            ReadThrough::BeforeMessage
        };
        world.write(self.identity, conversation, origin, through).await;
    }

    async fn read(&self, connection: &ConnectionId) {
        let conversation = self.any_conversation();
        let Some(newest) = self.newest(conversation) else { return };
        // Sometimes not to the end.
        let behind = self.world.random.below(*self.world.random.pick(&[1, 3, 10]));
        let seq = newest.get().saturating_sub(behind).max(1);
        self.world.read(self.identity, connection, conversation, Seq::new(seq).unwrap()).await;
    }

    /// Mutes a conversation. Only a connected device ends a mute: the end of another one would be uncertain.
    async fn mute(&self, may_end: bool) {
        let times: [Option<Duration>; 4] =
            [Some(Duration::from_secs(86_400)), Some(Duration::from_secs(20)), None, None];
        let muted = *self.world.random.pick(if may_end { &times } else { &times[..2] });
        self.world.mute(self.identity.user, self.any_conversation(), muted).await;
    }

    async fn turn_somebody(&self) {
        let owner = user(0);
        let others: Vec<UserId> = (1..self.world.scenario.users).map(user).collect();
        if self.identity.user != owner {
            return;
        }
        let other = *self.world.random.pick(&others);
        self.world.turn(owner, other, false).await;
        self.world.clock.sleep(Duration::from_millis(self.world.random.below(3_000))).await;
        self.world.turn(owner, other, true).await;
        // A message soon after somebody was added.
        if self.world.random.once_in(2) {
            self.world.send(owner, ConversationId::Group(World::group()), None).await;
        }
    }

    /// Closes the socket, or leaves the detection to the gateway.
    async fn go(&mut self, cleanly: bool) {
        let Some(connection) = self.socket.take() else { return };
        let (world, identity) = (Arc::clone(&self.world), self.identity);
        let noticed = if cleanly { 0 } else { world.random.below(*world.random.pick(&[120_000, 600_000])) };
        self.spawner.spawn(async move {
            world.clock.sleep(Duration::from_millis(noticed)).await;
            world.drop_socket(&connection);
            if !world.random.once_in(3) {
                world.disconnect(identity, connection).await;
            }
        });
    }
}
