//! The clock, and the two forms in which AWS writes a time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unit: milliseconds since the Unix epoch.
pub(crate) type EpochMs = u64;

#[allow(clippy::disallowed_methods, reason = "events carry their time")]
pub(crate) fn now_ms() -> EpochMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

/// Writes a time as in `requestContext.requestTime`: `09/Feb/2024:18:23:28 +0000`.
pub(crate) fn request_time(at_ms: EpochMs) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Civil { year, month, day, hour, minute, second } = Civil::at(at_ms);
    let month = MONTHS[month - 1];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

/// Writes a time as in the answers of `@connections`: `2024-02-09T18:23:28.941Z`.
pub(crate) fn iso_8601(at_ms: EpochMs) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::at(at_ms);
    let millis = at_ms % 1000;
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

struct Civil {
    year: u64,
    /// 1 to 12.
    month: usize,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    /// Date and time of day of a timestamp.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`, for days at or after
    /// the epoch.
    fn at(at_ms: EpochMs) -> Self {
        let seconds = at_ms / 1000;
        let (days, of_day) = (seconds / 86_400 + 719_468, seconds % 86_400);
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_api_gateway_writes_them() {
        assert_eq!(request_time(1_707_503_008_941), "09/Feb/2024:18:23:28 +0000");
        assert_eq!(iso_8601(1_707_503_008_941), "2024-02-09T18:23:28.941Z");
    }

    #[test]
    fn leap_days_and_year_ends_are_dates() {
        assert_eq!(iso_8601(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_8601(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso_8601(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
    }
}
