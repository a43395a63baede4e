//! The functions over embedded backends, without a gateway: what they cost, and what they may do.

mod alone;
mod bench;
mod clients;
mod costs;
mod fates;
mod group_bench;
mod permissions;
mod policies;
mod posts;
mod presence_bench;
mod presence_costs;
mod queue_bench;
mod tour;
