//! Confab's use cases, and the ports that they need.
//!
//! Knows: the domain's rules, the wire's shapes, and in which order things are
//! read, decided, written and announced.
//! Must not know: AWS, HTTP, a clock or a random number generator: times and
//! ids come as arguments, the world comes through [`ports`].
//!
//! Start with [`send_message`], the reason for everything else; then
//! [`sync`](mod@sync), which makes up for whatever an announcement missed.

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
