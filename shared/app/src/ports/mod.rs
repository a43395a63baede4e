//! What use cases need of the world, one trait per capability.
//!
//! A use case's bounds tell what it may do. Adapters are named port-technology
//! (`store-dynamodb`, `gateway-apigw`); `confab-memory` implements every store
//! in memory for the simulation, and `confab-contract` holds both to the same
//! behaviour.

mod connections;
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
