//! Confab's rules: pure functions over values, with the time as an argument.
//!
//! Knows: ids, logs, rights, leases, rates.
//! Must not know: I/O, async, a clock, randomness, JSON or AWS.
//!
//! Start with [`log`]: the other modules build on it.

pub mod account;
pub mod alerts;
pub mod attempts;
pub mod backoff;
pub mod budget;
pub mod claim;
pub mod contact;
pub mod content;
pub mod device;
pub mod group;
pub mod high_water;
pub mod ids;
pub mod invite;
pub mod joined;
pub mod lease;
pub mod liveness;
pub mod log;
pub mod membership;
pub mod memberships;
pub mod notification;
pub mod own_mark;
pub mod push;
pub mod rate;
pub mod refresh;
pub mod refusal;
pub mod retention;
pub mod retry;
pub mod sockets;
pub mod text;
pub mod time;
pub mod watch;

pub use alerts::Alerts;
pub use attempts::Attempts;
pub use backoff::Backoff;
pub use contact::{ChangeNumber, ContactChange, ContactNews, Relation};
pub use content::Content;
pub use group::Group;
pub use ids::{
    ClientMessageId, ConnectionId, ConversationId, DeviceId, FamilyId, GroupId, InvalidId, InviteId, UserId,
};
pub use joined::Joined;
pub use lease::{Attendance, Status};
pub use log::{Heading, Kind, Message, Seq};
pub use memberships::{MembershipCount, MembershipLimits};
pub use refusal::Refusal;
pub use sockets::{Connection, DisplacedConnection};
pub use time::Timestamp;
pub use watch::{Presence, WatchId};
