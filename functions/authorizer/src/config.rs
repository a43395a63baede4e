//! Configuration of the function, from environment variables.

use confab_lambda::env::{BadEnv, Env};

/// See `docs/OPERATIONS.md` for each variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CONFAB_SIGNING_SECRET_ARN`.
    pub signing_secret_arn: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// [`BadEnv`], which names every variable that is missing or wrong.
    pub fn from_env() -> Result<Self, BadEnv> {
        let mut env = Env::default();
        let config = Self { signing_secret_arn: env.get("CONFAB_SIGNING_SECRET_ARN") };
        env.finish(config)
    }
}
