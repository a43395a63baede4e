//! Configuration of the function, from environment variables.

use std::time::Duration;

use confab_app::accounts::credentials::AuthRates;
use confab_app::limits::rare_changes::ChangeRates;
use confab_aws::push_sns::Applications;
use confab_domain::budget::BudgetRates;
use confab_domain::invite::SignupMode;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::rate::Rate;
use confab_domain::retention::Retention;
use confab_lambda::env::{BadEnv, Env};
use confab_store_dynamodb::Tables;

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CONFAB_…_TABLE`.
    pub tables: Tables,
    /// `CONFAB_CONNECTIONS_ENDPOINT`.
    pub connections_endpoint: String,
    /// `CONFAB_FAN_OUT_QUEUE_URL`.
    pub fan_out_queue_url: String,
    /// `CONFAB_APNS_APPLICATION_ARN`, `CONFAB_FCM_APPLICATION_ARN`.
    pub applications: Applications,
    /// `CONFAB_PUSH_QUEUE_URL`.
    pub push_queue_url: String,
    /// `CONFAB_PRESENCE_QUEUE_URL`.
    pub presence_queue_url: String,
    /// `CONFAB_HEARTBEAT_SECONDS`, `CONFAB_PRESENCE_TIMEOUT_SECONDS`.
    pub heartbeat: HeartbeatPolicy,
    /// `CONFAB_RETENTION_DAYS`.
    pub retention: Retention,
    /// `CONFAB_SIGNING_SECRET_ARN`.
    pub signing_secret_arn: String,
    /// `CONFAB_WEBSOCKET_URL`.
    pub websocket_url: String,
    /// `CONFAB_SIGNUP_MODE`.
    pub signup_mode: SignupMode,
    /// `CONFAB_SIGNUP_BURST`, `CONFAB_SIGNUP_INTERVAL_SECONDS`.
    pub rates: AuthRates,
    /// Budgets of users: `CONFAB_MESSAGE_BURST` and the seven variables after it.
    pub budgets: BudgetRates,
    /// `CONFAB_CONTACT_CHANGES_PER_HOUR`, `CONFAB_CONTACT_CHANGES_PER_HOUR_AND_PERSON`,
    /// `CONFAB_PROFILE_CHANGES_PER_HOUR`, `CONFAB_GROUPS_PER_DAY`.
    pub changes: ChangeRates,
}

/// Failed logins per handle and source address: 10 in 10 minutes.
pub const FAILED_LOGINS: Rate = Rate { burst: 10, interval: Duration::from_secs(60) };

/// Logins of one handle from one address that run side by side: more than a user has devices, too few to guess by.
pub const LOGINS_CONCURRENT_MAX: Rate = Rate { burst: 15, interval: Duration::from_secs(40) };

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
            connections_endpoint: env.get("CONFAB_CONNECTIONS_ENDPOINT"),
            fan_out_queue_url: env.get("CONFAB_FAN_OUT_QUEUE_URL"),
            applications: env.push_applications(),
            push_queue_url: env.get("CONFAB_PUSH_QUEUE_URL"),
            presence_queue_url: env.get("CONFAB_PRESENCE_QUEUE_URL"),
            heartbeat: env.heartbeat_policy(),
            retention: env.retention(),
            signing_secret_arn: env.get("CONFAB_SIGNING_SECRET_ARN"),
            websocket_url: env.get("CONFAB_WEBSOCKET_URL"),
            budgets: env.budget_rates(),
            changes: ChangeRates::new(
                env.get("CONFAB_CONTACT_CHANGES_PER_HOUR"),
                env.get("CONFAB_CONTACT_CHANGES_PER_HOUR_AND_PERSON"),
                env.get("CONFAB_PROFILE_CHANGES_PER_HOUR"),
                env.get("CONFAB_GROUPS_PER_DAY"),
            ),
            signup_mode: env.get("CONFAB_SIGNUP_MODE"),
            rates: AuthRates {
                per_source: Rate {
                    burst: env.get("CONFAB_SIGNUP_BURST"),
                    interval: Duration::from_secs(env.get("CONFAB_SIGNUP_INTERVAL_SECONDS")),
                },
                per_handle: FAILED_LOGINS,
                concurrent_per_handle: LOGINS_CONCURRENT_MAX,
            },
        };
        env.finish(config)
    }
}
