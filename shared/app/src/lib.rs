//! Confab's use cases, and the ports that they need.
//!
//! Start with [`messages::send_message`], then read [`sync`](mod@sync), which delivers every entry that an announcement
//! missed.
//!
//! | folder | contents |
//! |---|---|
//! | [`messages`] | sending and reading messages, read marks, the chat list |
//! | [`delivery`] | events to connections, fan-out, typing |
//! | [`sync`](mod@sync) | what a device lacks |
//! | [`groups`] | creating and changing groups |
//! | [`connections`] | registering, judging and ending connections |
//! | [`presence`] | leases, lease checks, notifications of friends |
//! | [`push`] | alerts, clears and badges |
//! | [`accounts`] | accounts, logins, devices, profiles |
//! | [`contacts`] | friends and blocks |
//! | [`limits`] | budgets, rates and concurrency limits |
//! | [`ports`] | the traits that adapters implement |
//! | [`wire`] | conversions between the domain and the wire |
//!
//! This crate knows the domain's rules, the wire's shapes, and the order in which a use case reads, decides, writes
//! and announces. It does not know AWS, HTTP, a clock or a random number generator: times and ids are arguments, and
//! all other input and output goes through [`ports`].

pub mod accounts;
pub mod connections;
pub mod contacts;
pub mod delivery;
pub mod groups;
pub mod limits;
pub mod messages;
pub mod ports;
pub mod presence;
pub mod push;
pub mod sync;
pub mod wire;

mod attempts;
pub mod delay;
mod error;
mod generations;
pub mod metric;
mod task_failure;

pub use error::{Error, chain};
pub use limits::costed::Costed;
pub use limits::keyed_semaphore::{KeyedSemaphore, Permit};
pub use limits::limiter::Limiter;
pub use limits::user_permits::UserPermits;
pub use messages::head_cache::HeadCache;
pub use task_failure::TaskFailure;
