//! The local runner: the whole of Confab in one process.
//!
//! Knows: which function answers which route, how to build the production adapters over embedded backends, where data
//! lies on disk.
//! Must not know: what any function does. The same functions run on AWS; only the services behind the SDK clients
//! differ.
//!
//! Start with [`Runner`].

pub mod addresses;
pub mod apis;
pub mod environment;
pub mod log;
pub mod options;
pub mod pushes;
pub mod queue_settings;

mod backends;
mod closing;
mod composition;
mod data_dir;
mod data_format;
mod disk;
mod frame_order;
mod functions;
mod queues;
mod runner;
mod traces;
mod web;

pub use runner::Runner;
