//! A device: it connects, sends heartbeats, answers probes, asks for presence, and disconnects.

use std::sync::Arc;
use std::time::Duration;

use confab_app::ports::{Connection, Identity};
use confab_domain::lease::YOUNG_CONNECTION;
use confab_domain::{ConnectionId, ContactChange, FamilyId, Timestamp, UserId};
use ulid::Ulid;

use super::clock::Spawner;
use super::ledger::{Logout, Source};
use super::world::{Phone, World};
use crate::world::user;

/// How long a device waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Device {
    pub(crate) world: Arc<World>,
    pub(crate) spawner: Spawner,
    pub(crate) identity: Identity,
    pub(crate) socket: Option<ConnectionId>,
    is_logged_in: bool,
    /// The heartbeat interval of the newest answer.
    pub(crate) interval: Duration,
    next_beat: Timestamp,
}

/// How a device disconnects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Going {
    /// It stops sending, and the gateway does not notice for a while.
    Silent,
    /// Its socket is closed; `$disconnect` may run or not.
    Cut,
    LogOut,
}

impl Device {
    pub(crate) fn new(world: &Arc<World>, spawner: &Spawner, identity: Identity) -> Self {
        world.log_in(identity);
        let phone = Phone { user: identity.user, task: 0, socket: None, is_probed: false };
        world.phones().insert(identity.device, phone);
        Self {
            world: Arc::clone(world),
            spawner: spawner.clone(),
            identity,
            socket: None,
            is_logged_in: true,
            interval: world.scenario.policy.interval,
            next_beat: world.clock.now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Makes the calling task the one that runs this device.
    pub(crate) fn take_over(&self) {
        let task = self.world.clock.running();
        self.world.phones().get_mut(&self.identity.device).unwrap().task = task;
    }

    pub(crate) fn frame(&self) {
        self.world.ledger().frame(self.identity.user, self.now());
    }

    /// Connects, with as many attempts as needed, and asks for presence.
    pub(crate) async fn connect(&mut self) {
        if !std::mem::replace(&mut self.is_logged_in, true) {
            let family = FamilyId::new(Ulid(1_000 + u128::from(self.world.next_number())));
            self.identity.family = family;
            self.world.log_in(self.identity);
        }
        loop {
            let connection = ConnectionId::new(format!("c{}=", self.world.next_number()));
            self.frame();
            let (world, identity, id) = (Arc::clone(&self.world), self.identity, connection.clone());
            let connecting = self.spawner.spawn(async move { world.connect(identity, id).await });
            match connecting.within(&self.world.clock, PATIENCE).await.flatten() {
                Some(Ok(())) => {
                    self.world.gateway.open(connection.clone());
                    self.open(connection);
                    self.ask().await;
                    return;
                }
                Some(Err(refusal)) => self.world.fault(format!("a connect is refused: {refusal}")),
                None => self.pause(1_000).await,
            }
        }
    }

    fn open(&mut self, connection: ConnectionId) {
        let is_silent = self.world.may_be_silent(&connection);
        self.socket = Some(connection.clone());
        self.world.phones().get_mut(&self.identity.device).unwrap().socket = Some(connection);
        self.world.ledger().begin(self.identity.user, self.identity.device, self.now(), is_silent);
        self.interval = self.world.scenario.policy.interval;
        self.next_beat = self.now().plus(self.interval);
    }

    pub(crate) async fn pause(&self, ms_max: u64) {
        self.world.clock.sleep(Duration::from_millis(self.world.random.below(ms_max + 1))).await;
    }

    /// Stays connected until that time: sends heartbeats, answers probes, and now and then does something else.
    pub(crate) async fn stay(&mut self, until: Timestamp) {
        while self.now() < until {
            let Some(connection) = self.socket.clone() else { return };
            self.world.take_frames(&connection);
            let is_probed = {
                let mut phones = self.world.phones();
                std::mem::take(&mut phones.get_mut(&self.identity.device).unwrap().is_probed)
            };
            if !self.world.gateway.is_open(&connection) {
                // The server has closed the socket, as a logout does whose answer did not arrive in time.
                self.go(Going::Cut).await;
                self.connect().await;
            } else if is_probed || self.now() >= self.next_beat {
                self.beat(connection).await;
            } else {
                let act_at = self.now().plus(Duration::from_millis(self.world.random.between(1, 60_000)));
                self.world.clock.sleep_until(act_at.min(until).min(self.next_beat)).await;
                if self.now() >= act_at && act_at < until {
                    self.act().await;
                }
            }
        }
    }

    async fn beat(&mut self, connection: ConnectionId) {
        let (world, identity, id) = (Arc::clone(&self.world), self.identity, connection.clone());
        self.frame();
        let beating = self.spawner.spawn(async move { world.heartbeat(identity, id).await });
        match beating.within(&self.world.clock, PATIENCE).await.flatten() {
            Some(Ok(next)) => {
                self.interval = next;
                self.next_beat = self.now().plus(next);
            }
            Some(Err(refusal)) => self.world.fault(format!("a heartbeat is refused: {refusal}")),
            None if self.world.random.once_in(3) => {
                self.go(Going::Cut).await;
                self.connect().await;
            }
            None => self.next_beat = self.now().plus(Duration::from_secs(1)),
        }
    }

    async fn act(&mut self) {
        if !self.world.scenario.healthy && !self.world.is_faulty() {
            // A query after the faults would hide a missing notification.
            return;
        }
        if self.world.scenario.contacts_change && self.world.random.once_in(8) {
            self.change_contact().await;
        } else if self.world.random.once_in(4) {
            self.ask().await;
        }
    }

    pub(crate) fn others(&self) -> Vec<UserId> {
        let users = (0..self.world.scenario.users).map(user);
        users.filter(|other| *other != self.identity.user).collect()
    }

    async fn change_contact(&mut self) {
        use ContactChange::{Block, Put, Remove, Unblock};
        let (mine, other) = (self.identity.user, *self.world.random.pick(&self.others()));
        let change = *self.world.random.pick(&[Put, Put, Put, Remove, Block, Unblock, Unblock]);
        self.world.note_pair(mine, other);
        let world = Arc::clone(&self.world);
        let changing = self.spawner.spawn(async move {
            world.change_contact(mine, other, change).await;
            world.note_pair(mine, other);
        });
        changing.within(&self.world.clock, PATIENCE).await;
        self.ask().await;
    }

    /// Asks for the presence of all others. An event that arrives meanwhile is newer than the answer.
    pub(crate) async fn ask(&mut self) {
        let Some(connection) = self.socket.clone() else { return };
        for _ in 0..20 {
            let asked_at = self.now();
            self.frame();
            let (world, identity, id) = (Arc::clone(&self.world), self.identity, connection.clone());
            let others = self.others();
            let asking = self.spawner.spawn(async move { world.get_presence(identity, id, others).await });
            let answer = asking.within(&self.world.clock, PATIENCE).await.flatten();
            let Some(Ok(answer)) = answer else { continue };
            for presence in answer {
                let subject = presence.user.parse().unwrap();
                if presence.status == "online" {
                    self.world.check_renewed_lately(subject, asked_at);
                }
                let report = self.world.ledger().last_report(self.identity.device, subject);
                if report.is_none_or(|report| report.at < asked_at) {
                    self.world.note_report(self.identity.device, subject, &presence, Source::Answer);
                }
            }
            return;
        }
    }

    /// Disconnects in the given way.
    pub(crate) async fn go(&mut self, going: Going) {
        let Some(connection) = self.socket.take() else { return };
        let identity = self.identity;
        self.world.phones().get_mut(&identity.device).unwrap().socket = None;
        self.world.ledger().end(identity.device, self.now());
        let (world, random) = (Arc::clone(&self.world), Arc::clone(&self.world.random));
        match going {
            Going::LogOut => self.log_out().await,
            Going::Silent | Going::Cut => {
                self.spawner.spawn(async move {
                    let until_noticed = if matches!(going, Going::Silent) { 120 } else { 0 };
                    world.clock.sleep(Duration::from_secs(random.below(until_noticed + 1))).await;
                    world.gateway.drop_socket(&connection);
                    world.clock.sleep(Duration::from_secs(random.below(4))).await;
                    if !random.once_in(3) {
                        world.disconnect(identity, connection).await;
                    }
                });
            }
        }
    }

    async fn log_out(&mut self) {
        self.is_logged_in = false;
        let logout = Logout { at: self.now(), is_only: self.is_only_device() };
        self.world.ledger().logouts.entry(self.identity.user).or_default().push(logout);
        loop {
            let (world, identity) = (Arc::clone(&self.world), self.identity);
            let leaving = self.spawner.spawn(async move { world.log_out(identity).await });
            if leaving.within(&self.world.clock, PATIENCE).await.flatten().is_some() {
                return;
            }
        }
    }

    /// Whether a logout finds no other connection, and none that may still be opening.
    fn is_only_device(&self) -> bool {
        let row = self.world.row(self.identity.user);
        let may_be_open = |open: &Connection| {
            let is_young = self.now().since(open.opened_at) < YOUNG_CONNECTION;
            is_young || self.world.gateway.is_open(&open.id)
        };
        let others = row.iter().flat_map(|row| &row.connections);
        !others.filter(|open| open.device != self.identity.device).any(may_be_open)
    }
}
