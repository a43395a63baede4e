//! Configuration of the function, from environment variables.

use confab_aws::push_sns::Applications;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retention::Retention;
use confab_lambda::env::{BadEnv, Env};
use confab_store_dynamodb::Tables;

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CONFAB_…_TABLE`.
    pub tables: Tables,
    /// `CONFAB_APNS_APPLICATION_ARN`, `CONFAB_FCM_APPLICATION_ARN`.
    pub applications: Applications,
    /// `CONFAB_PUSH_QUEUE_URL`.
    pub push_queue_url: String,
    /// `CONFAB_PUSH_DEAD_LETTER_QUEUE_URL`.
    pub dead_letter_queue_url: String,
    /// `CONFAB_PUSH_PREVIEW`.
    pub preview: bool,
    /// `CONFAB_RETENTION_DAYS`.
    pub retention: Retention,
    /// `CONFAB_HEARTBEAT_SECONDS`, `CONFAB_PRESENCE_TIMEOUT_SECONDS`.
    pub heartbeat: HeartbeatPolicy,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// [`BadEnv`], which names every variable that is missing or wrong.
    pub fn from_env() -> Result<Self, BadEnv> {
        let mut env = Env::default();
        let config = Self {
            tables: env.tables(),
            applications: env.push_applications(),
            push_queue_url: env.get("CONFAB_PUSH_QUEUE_URL"),
            dead_letter_queue_url: env.get("CONFAB_PUSH_DEAD_LETTER_QUEUE_URL"),
            preview: env.get("CONFAB_PUSH_PREVIEW"),
            retention: env.retention(),
            heartbeat: env.heartbeat_policy(),
        };
        env.finish(config)
    }
}
