//! Environment variables of the runner.

/// The only variable that the runner reads.
pub const LOG: &str = "CONFAB_LOG";

/// Prefixes of variables that the tests read. Their processes start this one.
const OF_TESTS: [&str; 2] = ["CONFAB_TEST_", "CONFAB_SIM_"];

/// Returns the value of a variable; `None` if it is not set.
///
/// # Errors
///
/// For people: the value is not UTF-8.
pub fn get(name: &str) -> anyhow::Result<Option<String>> {
    #[expect(clippy::disallowed_methods, reason = "this is where the runner's configuration is read")]
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => anyhow::bail!("{name} is not UTF-8"),
    }
}

/// Warns of variables that look like settings of the runner and are none.
pub fn warnings(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let is_unread = |name: &String| {
        name.starts_with("CONFAB_") && name != LOG && !OF_TESTS.iter().any(|tests| name.starts_with(tests))
    };
    let unread = names.into_iter().filter(is_unread);
    unread
        .map(|name| format!("{name} is not read here; the runner has flags (see --help) and {LOG}"))
        .collect()
}

/// Names of all variables.
pub fn names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_that_look_like_settings_and_are_none_cause_a_warning() {
        let names = ["PATH", "CONFAB_LOG", "CONFAB_TEST_URL", "CONFAB_DATA"].map(str::to_owned);
        let warnings = warnings(names);
        assert!(warnings.len() == 1 && warnings[0].starts_with("CONFAB_DATA "), "{warnings:?}");
    }
}
