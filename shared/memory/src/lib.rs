//! In-memory stores for simulations and fast tests.
//!
//! Knows: the promises of the ports of `confab-app`, and the ways in which a call to a store can fail.
//! Must not know: a runtime, a clock, threads or AWS.
//!
//! Each call is an interleaving point. It yields once, takes effect in one step, and yields again. The step runs
//! under a lock that is never held across an await. The order in which the futures are polled decides the
//! interleaving.
//!
//! Start with [`Memory`], then [`faults`].

pub mod faults;

mod memory;
mod yielding;

mod connections;
mod contacts;
mod delay_queue;
mod devices;
mod fan_out_queue;
mod groups;
mod inboxes;
mod message_log;
mod phones;
mod rate_limits;
mod sessions;
mod sleeper;
mod users;

pub use connections::{Gateway, PostFault};
pub use delay_queue::{DelayQueue, Delayed};
pub use fan_out_queue::Queue;
pub use faults::{CallOutcome, FaultInjector, NoFaults};
pub use inboxes::AlertWrite;
pub use memory::Memory;
pub use phones::{Phones, Publish, PublishFault};
pub use sleeper::YieldingSleeper;
pub use yielding::yield_once;
