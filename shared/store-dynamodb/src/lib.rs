//! The stores of `confab-app`, in DynamoDB.
//!
//! Knows: tables, key and attribute names, condition expressions, how the SDK reports a failed condition.
//! Must not know: rules, frames, or who calls it.
//!
//! Start with [`schema`] for the tables, then `message_log`. The module that writes an item gives the item's shape in
//! its first lines.

mod batch;
mod body;
mod compare;
mod error;
mod item;
mod pauses;

mod alerts;
mod budgets;
mod claims;
mod connections;
mod contacts;
mod devices;
mod ended_rows;
mod groups;
mod high_water;
mod inboxes;
mod membership_counts;
mod memberships;
mod message_log;
mod push_tokens;
mod rate_limits;
mod session_row;
mod sessions;
mod users;

pub mod schema;

pub use schema::Tables;

use aws_sdk_dynamodb::Client;

/// All stores, over one client.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    tables: Tables,
}

impl Store {
    /// The stores in these tables.
    pub fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }
}
