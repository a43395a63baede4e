//! Friends and blocks.

mod basics;
mod block_messages;
mod blocks;
mod contention;
mod events;
mod list;
mod removal;
