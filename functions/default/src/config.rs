//! What the function is told by its environment.

use confab_domain::budget::BudgetRates;
use confab_lambda::env::{BadEnv, Env};

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
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
        let config = Self { rates: env.budget_rates() };
        env.finish(config)
    }
}
