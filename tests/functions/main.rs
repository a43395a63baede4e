//! The functions over embedded backends, without a gateway: what they cost, and what they may do.

mod bench;
mod costs;
mod permissions;
mod policies;
mod tour;
