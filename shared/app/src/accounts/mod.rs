//! Accounts, their logins and devices.
//!
//! | file | contents |
//! |---|---|
//! | `sign_up`, `log_in` | create an account, a login. Start here |
//! | `credentials` | checks passwords, and limits guesses |
//! | `authenticate`, `issue_ticket`, `refresh_session` | access tokens, tickets for the handshake, refresh tokens |
//! | `change_password` | changes a password and ends the other logins |
//! | `devices`, `end_device` | lists devices, ends the login of a device |
//! | `profiles` | reads and changes profiles |

pub mod authenticate;
pub mod change_password;
pub mod credentials;
pub mod devices;
pub mod end_device;
pub mod issue_ticket;
pub mod log_in;
pub mod profiles;
pub mod refresh_session;
pub mod sign_up;
