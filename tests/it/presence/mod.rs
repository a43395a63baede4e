//! Presence and typing.

mod log_out;
mod offline;
mod online;
mod pairs;
mod query;
mod signs;
mod typing;
mod typing_audience;
