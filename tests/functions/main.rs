//! The functions over embedded backends, without a gateway: what they cost, and what they may do.

mod admissions;
mod alone;
mod bench;
mod budgets;
mod clients;
mod costs;
mod deadlines;
mod ended_rows;
mod environments;
mod fates;
mod group_bench;
mod old_passwords;
mod permissions;
mod policies;
mod posts;
mod presence_bench;
mod presence_costs;
mod push_bench;
mod push_costs;
mod push_fates;
mod push_silence;
mod push_tour;
mod queue_bench;
mod send_bench;
mod stalls;
mod tour;
