//! Accounts, logins and devices.

mod devices;
mod log_in;
mod log_out;
mod names;
mod password_change;
mod passwords;
mod profile_events;
mod profiles;
mod refresh;
mod sign_up;
mod tokens;
mod tries;
