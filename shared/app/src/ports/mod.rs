//! Ports: one trait for each capability that use cases need from outside.
//!
//! | file | contents |
//! |---|---|
//! | `message_log` | the log of each conversation: [`MessageLog`] |
//! | `inboxes` | inbox rows, which hold memberships, claims and read marks: [`Inboxes`] |
//! | `groups` | groups, and the counts of memberships: [`Groups`] |
//! | `contacts` | relations between users: [`Contacts`] |
//! | `users` | accounts: [`Users`] |
//! | `devices` | logins, and registrations for pushes: [`Devices`] |
//! | `sessions` | session rows, which hold connections, presence and budgets: [`Sessions`] |
//! | `rate_limits` | token buckets: [`RateLimits`] |
//! | `connections` | the gateway's open connections: [`Connections`] |
//! | `fan_out_queue`, `presence_queue`, `push_queue` | queues: [`FanOutQueue`], [`PresenceQueue`], [`PushQueue`] |
//! | `push` | the push service: [`Push`] |
//! | `passwords`, `tokens` | password hashes, signed tokens: [`Passwords`], [`Tokens`] |
//! | `deadline`, `sleeper` | the time limit of a request, pauses: [`Deadline`], [`Sleeper`] |
//! | `consistency` | how fresh a read has to be: [`Consistency`] |
//! | `error` | how a store fails: [`StoreError`] |
//!
//! The bounds of a use case name the capabilities that it may use. Adapters are named port-technology
//! (`store-dynamodb`, `aws`, `credentials`). `confab-memory` implements every store in memory for the simulation, and
//! `confab-contract` checks that both implementations behave the same.

mod connections;
mod consistency;
mod contacts;
mod deadline;
mod devices;
mod error;
mod fan_out_queue;
mod groups;
mod inboxes;
mod message_log;
mod passwords;
mod presence_queue;
mod push;
mod push_queue;
mod rate_limits;
mod sessions;
mod sleeper;
mod tokens;
mod users;

pub use confab_domain::{Connection, DisplacedConnection};
pub use connections::{CloseOutcome, Connections, PostOutcome};
pub use consistency::Consistency;
pub use contacts::{Contact, ContactPage, Contacts, PairChange};
pub use deadline::Deadline;
pub use devices::{Devices, RegisterOutcome, RotateOutcome};
pub use error::{BoxError, StoreError};
pub use fan_out_queue::FanOutQueue;
pub use groups::{CommitOutcome, Groups, Joining, NewVersion, RowChange};
pub use inboxes::{ClaimKey, ClaimOutcome, InboxPage, InboxRow, Inboxes, MarkReadOutcome, ReplaceOutcome};
pub use message_log::{AppendError, Direction, End, MessageLog, PAGE_TEXT_BYTES_MAX, Page, Range, Tail};
pub use passwords::{PasswordHash, PasswordMatch, Passwords};
pub use presence_queue::PresenceQueue;
pub use push::{EndpointOutcome, PublishOutcome, Push};
pub use push_queue::PushQueue;
pub use rate_limits::RateLimits;
pub use sessions::{ConnectionChange, ConnectionKey, OpenOutcome, ReopenOutcome, Session, Sessions};
pub use sleeper::Sleeper;
pub use tokens::{AccessClaims, Identity, RefreshClaims, TokenError, Tokens};
pub use users::{
    Account, CreateUserOutcome, PASSWORD_CHANGE_CLAIMED, PasswordChange, PasswordReplacement, ProfileChange,
    Users,
};
