//! Configuration of the function, from environment variables.

use confab_lambda::env::{BadEnv, Env};
use confab_store_dynamodb::Tables;

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CONFAB_…_TABLE`.
    pub tables: Tables,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// [`BadEnv`], which names every variable that is missing or wrong.
    pub fn from_env() -> Result<Self, BadEnv> {
        let mut env = Env::default();
        let config = Self { tables: env.tables() };
        env.finish(config)
    }
}
