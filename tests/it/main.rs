//! The product as its clients see it, one sentence per test.
//!
//! Every test makes its own users, so all of them run side by side against one
//! server: the one that `CONFAB_TEST_URL` names, or a runner in this process.
//! Those in `runner` start the `confab` program, and are about the program.
#![allow(clippy::unwrap_used, reason = "tests")]

mod block_messages;
mod blocks;
mod chat_list;
mod contact_contention;
mod contact_list;
mod contact_removal;
mod contacts;
mod content;
mod devices;
mod first_contact;
mod frame_sizes;
mod group_additions;
mod group_after_removal;
mod group_contention;
mod group_history;
mod group_limits;
mod group_members;
mod group_memberships;
mod group_messages;
mod group_outsiders;
mod group_receipts;
mod group_requests;
mod group_roles;
mod group_turnover;
mod groups;
mod handshake;
mod heartbeat;
mod history;
mod http_requests;
mod idempotency;
mod later;
mod log_in;
mod log_out;
mod malformed_frames;
mod meta;
mod mute;
mod order;
mod outsiders;
mod positions;
mod presence_log_out;
mod presence_offline;
mod presence_online;
mod presence_query;
mod presence_signs;
mod profiles;
mod push_absent;
mod push_badge;
mod push_clear;
mod push_explain;
mod push_groups;
mod push_mute;
mod push_once;
mod push_payload;
mod push_registration;
mod push_sessions;
mod push_silence;
mod push_token_moves;
mod read;
mod recipients;
mod reconnecting;
mod refresh;
mod runner;
mod send;
mod sign_up;
mod sync;
mod text_size;
mod tokens;
mod tries;
mod truncation;
mod typing;
mod typing_audience;
