//! The product as its clients see it, one sentence per test.
//!
//! Every test creates its own users, so all tests run side by side against one server: the one that `CONFAB_TEST_URL`
//! names, or a runner in this process. The tests in `runner` start the `confab` program and test the program itself.
#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod connections;
mod contacts;
mod groups;
mod messages;
mod presence;
mod push;
mod runner;
