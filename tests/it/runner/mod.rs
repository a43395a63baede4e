//! The `confab` program, as a process.

mod crash;
mod data;
mod flags;
mod restart;
mod source_limits;
mod start;
mod stop;
