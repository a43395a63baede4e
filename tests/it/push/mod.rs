//! Push notifications.

mod absent;
mod badge;
mod clear;
mod explain;
mod groups;
mod left;
mod mute;
mod once;
mod payload;
mod registration;
mod sessions;
mod silence;
mod token_moves;
