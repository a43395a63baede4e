//! Configuration of the function, from environment variables.

use confab_domain::budget::BudgetRates;
use confab_lambda::env::{BadEnv, Env};

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// Budgets of users: `CONFAB_MESSAGE_BURST` and the seven variables after it.
    pub rates: BudgetRates,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// [`BadEnv`], which names every variable that is missing or wrong.
    pub fn from_env() -> Result<Self, BadEnv> {
        let mut env = Env::default();
        let config = Self { rates: env.budget_rates() };
        env.finish(config)
    }
}
