//! The `confab` program, as a process.

mod addresses;
mod alone;
mod clock_ahead;
mod crash;
mod data;
mod data_format;
mod data_private;
mod flags;
mod floods;
mod frame_order;
mod full_disk;
mod invites;
mod presence;
mod push;
mod restart;
mod retention;
mod slow_reader;
mod source_limits;
mod start;
mod stop;
