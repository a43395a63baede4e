//! Ids that no other sentence uses.

use std::time::Duration;

use confab_app::ports::Connection;
use confab_domain::account::Handle;
use confab_domain::device::Device;
use confab_domain::log::Attempt;
use confab_domain::{
    Attendance, ClientMessageId, ConnectionId, Content, ConversationId, DeviceId, FamilyId, GroupId,
    InviteId, Kind, Message, Seq, Timestamp, UserId,
};
use ulid::Ulid;

/// The present of the sentences.
pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

/// That many seconds after [`NOW`].
pub(crate) fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// Ids that follow from a seed, without randomness: equal for equal seeds, different for different ones.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    seed: u64,
}

impl Ids {
    /// The ids of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The ids of a sentence, from its name.
    pub fn of(sentence: &str) -> Self {
        // FNV-1a: similar names give very different seeds.
        let seed = sentence.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { seed }
    }

    fn ulid(self, n: u32) -> Ulid {
        // The highest bits are the time of the ULID; 16 of them stay 0.
        Ulid(u128::from(self.seed) << 48 | u128::from(n))
    }

    pub(crate) fn user(self, n: u32) -> UserId {
        UserId::new(self.ulid(n))
    }

    pub(crate) fn device_id(self, n: u32) -> DeviceId {
        DeviceId::new(self.ulid(n))
    }

    pub(crate) fn family(self, n: u32) -> FamilyId {
        FamilyId::new(self.ulid(n))
    }

    pub(crate) fn handle(self, n: u32) -> Handle {
        Handle::parse(&format!("h{:x}_{n}", self.seed)).unwrap()
    }

    /// The conversation of users 1 and `n`.
    pub(crate) fn dm_with(self, n: u32) -> ConversationId {
        ConversationId::dm(self.user(1), self.user(n)).unwrap()
    }

    /// The conversation of users 1 and 2.
    pub(crate) fn dm(self) -> ConversationId {
        self.dm_with(2)
    }

    pub(crate) fn group(self, n: u32) -> GroupId {
        GroupId::new(self.ulid(n))
    }

    pub(crate) fn invite(self, n: u32) -> InviteId {
        InviteId::new(self.ulid(n))
    }

    pub(crate) fn bucket(self, n: u32) -> String {
        format!("contract#{:x}#{n}", self.seed)
    }

    /// A connection of user `user`, with an id like those of API Gateway.
    pub(crate) fn connection(self, user: u32, n: u32) -> Connection {
        Connection {
            id: ConnectionId::new(format!("L0SM{:x}u{user}c{n}=", self.seed)),
            device: self.device_id(n),
            family: Some(self.family(n)),
            opened_at: NOW,
            attendance: Attendance::Unstated,
        }
    }

    /// Device `n` of user `user`, in login `n`.
    pub(crate) fn device(self, user: u32, n: u32) -> Device {
        Device {
            user: self.user(user),
            device: self.device_id(n),
            family: self.family(n),
            generation: 0,
            rotation: None,
            name: Some(format!("phone {n}")),
            platform: None,
            push: None,
            created_at: NOW,
            last_active_at: NOW,
        }
    }

    /// A message of user 1 to user 2.
    pub(crate) fn message(self, position: u64, text: &str) -> Message {
        Message {
            conversation: self.dm(),
            seq: seq(position),
            sender: self.user(1),
            client_message_id: key(position),
            content: Content { text: Some(text.to_owned()), ..Content::default() },
            kind: Kind::Text,
            sent_at: NOW,
            attempt: Attempt(7),
            expires_at: None,
            mark_revision: 0,
        }
    }
}

pub(crate) fn seq(position: u64) -> Seq {
    Seq::new(position).unwrap()
}

pub(crate) fn key(n: u64) -> ClientMessageId {
    format!("key-{n}").parse().unwrap()
}
