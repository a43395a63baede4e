//! Every store in memory, for simulations and fast tests.
//!
//! Knows: what the ports of `confab-app` promise, and how a call to a store can
//! go wrong.
//! Must not know: a runtime, a clock, threads or AWS.
//!
//! Each call is an interleaving point: it yields once before and once after it
//! takes effect, and takes effect at once in between, under a lock that is never
//! held across an await. Whoever polls the futures decides the interleaving.
//!
//! Start with [`Memory`], then [`injector`].

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
