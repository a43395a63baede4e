//! What the function is told by its environment.

use confab_domain::budget::BudgetRates;
use confab_domain::lease::HeartbeatPolicy;
use confab_lambda::env::{BadEnv, Env};
use confab_store_dynamodb::Tables;

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CONFAB_…_TABLE`.
    pub tables: Tables,
    /// `CONFAB_CONNECTIONS_ENDPOINT`.
    pub connections_endpoint: String,
    /// `CONFAB_PRESENCE_QUEUE_URL`.
    pub presence_queue_url: String,
    /// `CONFAB_HEARTBEAT_SECONDS`, `CONFAB_PRESENCE_TIMEOUT_SECONDS`.
    pub heartbeat: HeartbeatPolicy,
    /// What a user may ask for: `CONFAB_MESSAGE_BURST` and the seven after it.
    pub rates: BudgetRates,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// [`BadEnv`] naming all that is missing or wrong.
    pub fn from_env() -> Result<Self, BadEnv> {
        let mut env = Env::default();
        let config = Self {
            tables: env.tables(),
            connections_endpoint: env.get("CONFAB_CONNECTIONS_ENDPOINT"),
            presence_queue_url: env.get("CONFAB_PRESENCE_QUEUE_URL"),
            heartbeat: env.heartbeat_policy(),
            rates: env.budget_rates(),
        };
        env.finish(config)
    }
}
