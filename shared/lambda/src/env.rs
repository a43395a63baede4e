//! Configuration from environment variables.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use confab_aws::push_sns::Applications;
use confab_domain::budget::BudgetRates;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::rate::Rate;
use confab_domain::retention::Retention;
use confab_store_dynamodb::Tables;

/// Reads variables, and collects their faults so that they are reported together.
#[derive(Debug, Default)]
pub struct Env {
    problems: Vec<String>,
}

/// Faults of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEnv(Vec<String>);

impl fmt::Display for BadEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment: {}", self.0.join("; "))
    }
}

impl std::error::Error for BadEnv {}

impl Env {
    /// Reads a variable. Returns the default if the variable is missing or wrong, which [`Env::finish`] reports.
    pub fn get<T: FromStr + Default>(&mut self, name: &str) -> T {
        #[expect(clippy::disallowed_methods, reason = "this is where configuration is read")]
        let value = std::env::var(name);
        match value {
            Ok(value) => value.parse().unwrap_or_else(|_| {
                self.problems.push(format!("{name} has a wrong value"));
                T::default()
            }),
            Err(_) => {
                self.problems.push(format!("{name} is missing"));
                T::default()
            }
        }
    }

    /// Names of the tables.
    pub fn tables(&mut self) -> Tables {
        Tables {
            messages: self.get("CONFAB_MESSAGES_TABLE"),
            inboxes: self.get("CONFAB_INBOXES_TABLE"),
            groups: self.get("CONFAB_GROUPS_TABLE"),
            sessions: self.get("CONFAB_SESSIONS_TABLE"),
            contacts: self.get("CONFAB_CONTACTS_TABLE"),
            users: self.get("CONFAB_USERS_TABLE"),
            devices: self.get("CONFAB_DEVICES_TABLE"),
            throttles: self.get("CONFAB_THROTTLES_TABLE"),
        }
    }

    /// Heartbeat interval and presence timeout.
    pub fn heartbeat_policy(&mut self) -> HeartbeatPolicy {
        let interval = Duration::from_secs(self.get("CONFAB_HEARTBEAT_SECONDS"));
        let timeout = Duration::from_secs(self.get("CONFAB_PRESENCE_TIMEOUT_SECONDS"));
        let policy = HeartbeatPolicy { interval, timeout };
        self.problems.extend(problem_of(policy).map(str::to_owned));
        policy
    }

    /// Platform applications; an empty name means none.
    pub fn push_applications(&mut self) -> Applications {
        let mut application = |name| Some(self.get::<String>(name)).filter(|arn| !arn.is_empty());
        Applications {
            apns: application("CONFAB_APNS_APPLICATION_ARN"),
            fcm: application("CONFAB_FCM_APPLICATION_ARN"),
        }
    }

    /// Budgets of users.
    pub fn budget_rates(&mut self) -> BudgetRates {
        let kilobytes = |megabytes: u32| megabytes.saturating_mul(1_000);
        BudgetRates {
            writes: rate(self.get("CONFAB_MESSAGE_BURST"), self.get("CONFAB_MESSAGES_PER_SECOND")),
            answers: rate(
                kilobytes(self.get("CONFAB_ANSWER_BURST_MEGABYTES")),
                kilobytes(self.get("CONFAB_ANSWER_MEGABYTES_PER_SECOND")),
            ),
            frames: rate(self.get("CONFAB_FRAME_BURST"), self.get("CONFAB_FRAMES_PER_SECOND")),
            tickets: rate(self.get("CONFAB_TICKET_BURST"), self.get("CONFAB_TICKETS_PER_SECOND")),
        }
    }

    /// How long messages are kept.
    pub fn retention(&mut self) -> Retention {
        Retention::days(self.get("CONFAB_RETENTION_DAYS"))
    }

    /// Returns the configuration, if there are no faults.
    ///
    /// # Errors
    ///
    /// [`BadEnv`], which names every variable that is missing or wrong, and never a value.
    pub fn finish<T>(self, config: T) -> Result<T, BadEnv> {
        if self.problems.is_empty() { Ok(config) } else { Err(BadEnv(self.problems)) }
    }
}

/// Rate of a burst, and then of so many per second. The template allows no 0.
fn rate(burst: u32, per_second: u32) -> Rate {
    Rate { burst: burst.max(1), interval: Duration::from_secs(1) / per_second.max(1) }
}

/// Fault of a policy under which every user would be offline between two heartbeats.
fn problem_of(policy: HeartbeatPolicy) -> Option<&'static str> {
    let is_wrong = policy.interval.saturating_mul(2) > policy.timeout;
    is_wrong.then_some("CONFAB_HEARTBEAT_SECONDS is more than half of CONFAB_PRESENCE_TIMEOUT_SECONDS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cold_start_refuses_a_heartbeat_of_more_than_half_the_timeout() {
        let problem = |interval, timeout| {
            let [interval, timeout] = [interval, timeout].map(Duration::from_secs);
            problem_of(HeartbeatPolicy { interval, timeout })
        };
        assert_eq!([problem(30, 90), problem(45, 90), problem(1, 2)], [None; 3]);
        assert!(problem(46, 90).is_some() && problem(30, 30).is_some() && problem(1, 1).is_some());
        assert!(problem(u64::MAX, 90).is_some());
    }

    #[test]
    fn all_missing_variables_are_named_in_one_error() {
        let mut env = Env::default();
        let _: u32 = env.get("CONFAB_TEST_NOT_SET");
        let _: String = env.get("CONFAB_TEST_NOT_SET_EITHER");
        let error = env.finish(()).unwrap_err().to_string();
        assert_eq!(
            error,
            "environment: CONFAB_TEST_NOT_SET is missing; CONFAB_TEST_NOT_SET_EITHER is missing"
        );
    }
}
