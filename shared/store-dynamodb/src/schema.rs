//! The tables and their keys.
//!
//! `template.yaml` declares the same tables for AWS; a test compares the two.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};

/// Names of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// The logs.
    pub messages: String,
    /// Inbox rows: one per conversation and member.
    pub inboxes: String,
    /// Groups and their members.
    pub groups: String,
    /// Connections and presence of users.
    pub sessions: String,
    /// Relations between users: contacts and blocks.
    pub contacts: String,
    /// Accounts and handles.
    pub users: String,
    /// Logins.
    pub devices: String,
    /// Token buckets.
    pub throttles: String,
}

impl Tables {
    /// Names that begin with `prefix`.
    pub fn with_prefix(prefix: &str) -> Self {
        let name = |table: &str| format!("{prefix}{table}");
        Self {
            messages: name("messages"),
            inboxes: name("inboxes"),
            groups: name("groups"),
            sessions: name("sessions"),
            contacts: name("contacts"),
            users: name("users"),
            devices: name("devices"),
            throttles: name("throttles"),
        }
    }

    /// Name and definition of each table.
    pub fn definitions(&self) -> [(&str, Definition); 8] {
        [
            (&self.messages, MESSAGES),
            (&self.inboxes, INBOXES),
            (&self.groups, GROUPS),
            (&self.sessions, SESSIONS),
            (&self.contacts, CONTACTS),
            (&self.users, USERS),
            (&self.devices, DEVICES),
            (&self.throttles, THROTTLES),
        ]
    }

    /// Creates the tables that do not exist.
    ///
    /// For the local runner and for tests; on AWS the stack creates them.
    ///
    /// # Errors
    ///
    /// The reason, for people.
    pub async fn create_missing(&self, client: &Client) -> Result<(), String> {
        for (name, definition) in self.definitions() {
            definition.create(client, name).await?;
        }
        Ok(())
    }
}

/// The keys of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Name of the partition key, a string.
    pub partition_key: &'static str,
    /// Name and type of the sort key.
    pub sort_key: Option<(&'static str, SortKey)>,
    /// Whether items expire by [`EXPIRES_AT`].
    pub expires: bool,
}

/// Type of a sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Sorted bytewise.
    Text,
    /// Sorted by value.
    Number,
}

/// The attribute by which DynamoDB removes expired items. Unit: seconds since the Unix epoch.
pub const EXPIRES_AT: &str = "expires_at";

pub(crate) const CONVERSATION: &str = "conversation";
pub(crate) const SEQ: &str = "seq";
pub(crate) const GROUP: &str = "group";
pub(crate) const USER: &str = "user";
pub(crate) const OTHER: &str = "other";
pub(crate) const DEVICE: &str = "device";
pub(crate) const BUCKET: &str = "bucket";

const MESSAGES: Definition =
    Definition { partition_key: CONVERSATION, sort_key: Some((SEQ, SortKey::Number)), expires: true };
const INBOXES: Definition =
    Definition { partition_key: USER, sort_key: Some((CONVERSATION, SortKey::Text)), expires: false };
const GROUPS: Definition = Definition { partition_key: GROUP, sort_key: None, expires: false };
const SESSIONS: Definition = Definition { partition_key: USER, sort_key: None, expires: false };
const CONTACTS: Definition =
    Definition { partition_key: USER, sort_key: Some((OTHER, SortKey::Text)), expires: false };
const USERS: Definition = Definition { partition_key: USER, sort_key: None, expires: false };
const DEVICES: Definition =
    Definition { partition_key: USER, sort_key: Some((DEVICE, SortKey::Text)), expires: false };
const THROTTLES: Definition = Definition { partition_key: BUCKET, sort_key: None, expires: true };

impl Definition {
    async fn create(&self, client: &Client, name: &str) -> Result<(), String> {
        let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let keys = std::iter::once((self.partition_key, KeyType::Hash, SortKey::Text))
            .chain(self.sort_key.map(|(key, kind)| (key, KeyType::Range, kind)));
        for (key, role, kind) in keys {
            let kind = match kind {
                SortKey::Text => ScalarAttributeType::S,
                SortKey::Number => ScalarAttributeType::N,
            };
            let attribute = AttributeDefinition::builder().attribute_name(key).attribute_type(kind).build();
            let element = KeySchemaElement::builder().attribute_name(key).key_type(role).build();
            request = request
                .attribute_definitions(attribute.map_err(|error| error.to_string())?)
                .key_schema(element.map_err(|error| error.to_string())?);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) if is_in_use(&error) => return Ok(()),
            Err(error) => return Err(format!("table {name}: {}", DisplayErrorContext(&error))),
        }
        if self.expires {
            let spec = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build();
            client
                .update_time_to_live()
                .table_name(name)
                .time_to_live_specification(spec.map_err(|error| error.to_string())?)
                .send()
                .await
                .map_err(|error| format!("table {name}: {}", DisplayErrorContext(&error)))?;
        }
        Ok(())
    }
}

fn is_in_use<R>(error: &SdkError<CreateTableError, R>) -> bool {
    error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception)
}
