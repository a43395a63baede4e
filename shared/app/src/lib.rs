//! Confab's use cases, and the ports that they need.
//!
//! Start with [`send_message`], then read [`sync`](mod@sync), which delivers every entry that an announcement missed.
//!
//! - Messages: [`send_message`] appends a message, [`read_history`] reads a page, [`mark_read`] and [`read_markers`]
//!   move and read the members' read marks.
//! - Delivery: [`announce`] posts events, [`delivery`] adds alerts, [`fan_out`] announces the entries of groups from
//!   the queue, [`unreached`] repeats events, [`push`] sends pushes, [`sync`](mod@sync) brings a device up to date.
//! - Connections: [`open_connection`], [`authorize_frame`], [`close_connection`].
//! - Presence: [`presence`] keeps leases and notifies friends, [`typing`] sends typing events.
//! - Accounts and devices: [`sign_up`], [`log_in`], [`refresh_session`], [`authenticate`], [`credentials`],
//!   [`change_password`], [`issue_ticket`], [`devices`], [`end_device`], [`profiles`].
//! - Conversations and contacts: [`chat_list`], [`change_group`], [`admission`], [`contacts`].
//! - Limits: [`Limiter`] counts budgets, [`UserPermits`] and [`KeyedSemaphore`] limit concurrent requests,
//!   [`rare_changes`] limits the rates of rare changes, [`concurrency`] limits the store calls of one request,
//!   [`delay`] bounds the delays of queue messages.
//! - Shared: [`ports`] are the traits that adapters implement, [`wire`] converts between the domain and the wire,
//!   [`metric`] names the metrics, [`Error`] and [`TaskFailure`] are the errors.
//!
//! This crate knows the domain's rules, the wire's shapes, and the order in which a use case reads, decides, writes
//! and announces. It does not know AWS, HTTP, a clock or a random number generator: times and ids are arguments, and
//! all other input and output goes through [`ports`].

pub mod ports;

pub mod admission;
pub mod announce;
mod append;
mod attempts;
mod claim_message;
pub mod concurrency;
pub mod delivery;
pub mod fan_out;
mod find_message;
mod hidden;
pub mod mark_read;
pub mod read_history;
pub mod read_markers;
pub mod send_message;
pub mod sync;

pub mod close_connection;
pub mod open_connection;
pub mod presence;
pub mod typing;

pub mod push;

pub mod authenticate;
pub mod authorize_frame;
pub mod change_group;
pub mod change_password;
pub mod chat_list;
pub mod contacts;
pub mod credentials;
pub mod devices;
pub mod end_device;
pub mod issue_ticket;
pub mod log_in;
pub mod profiles;
pub mod rare_changes;
pub mod refresh_session;
pub mod sign_up;

mod costed;
pub mod delay;
mod error;
mod generations;
mod head_cache;
mod inbox_page;
mod keyed_semaphore;
mod limiter;
mod membership;
pub mod metric;
mod stale;
mod task_failure;
pub mod unreached;
mod unread;
mod user_permits;
pub mod wire;

pub use costed::Costed;
pub use error::{Error, chain};
pub use head_cache::HeadCache;
pub use keyed_semaphore::{KeyedSemaphore, Permit};
pub use limiter::Limiter;
pub use task_failure::TaskFailure;
pub use user_permits::UserPermits;
