//! Logging to stderr.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use confab_app::chain;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt as format, registry};

use crate::disk;

/// Filter of the log, if none is given.
const DEFAULT: &str = "warn";

/// Starts to log the events that pass the filter.
///
/// # Errors
///
/// For people: the filter is malformed.
pub fn init(filter: Option<&str>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT))
        .context("it is a filter of log events, such as `debug` or `confab_app=debug,warn`")?
        .add_directive(WITHOUT_CONNECTIONS.parse()?);
    let lines = format::layer().with_writer(std::io::stderr);
    registry().with(filter).with(FullDiskOnce::default()).with(lines).init();
    Ok(())
}

/// Suppresses a warning that the SDKs log for each 5xx, that there is no connection to close: requests of this process
/// have none.
const WITHOUT_CONNECTIONS: &str = "aws_smithy_runtime::client::http::connection_poisoning=off";

/// Texts by which Confab, SQLite and the system report a full disk.
const FULL_DISK: [&str; 4] =
    [disk::IS_FULL, "database or disk is full", "No space left on device", "Disk quota exceeded"];

/// Time for which a full disk is not logged again.
const PAUSE: Duration = Duration::from_secs(600);

/// Passes one event about a full disk, instead of one per request.
#[derive(Debug, Default)]
struct FullDiskOnce {
    said_at: Mutex<Option<Instant>>,
}

impl FullDiskOnce {
    fn may_say(&self, now: Instant) -> bool {
        let mut said_at = self.said_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = said_at.is_none_or(|said_at| now.duration_since(said_at) >= PAUSE);
        if is_due {
            *said_at = Some(now);
        }
        is_due
    }
}

impl<S: Subscriber> Layer<S> for FullDiskOnce {
    fn event_enabled(&self, event: &Event<'_>, _context: LayerContext<'_, S>) -> bool {
        let mut mention = Mention::default();
        event.record(&mut mention);
        if mention.has_room_again {
            *self.said_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        !mention.is_full || self.may_say(Instant::now())
    }
}

/// What the fields of an event contain about the disk.
#[derive(Default)]
struct Mention {
    is_full: bool,
    has_room_again: bool,
}

impl Mention {
    fn scan(&mut self, text: &str) {
        self.is_full |= FULL_DISK.iter().any(|phrase| text.contains(phrase));
    }
}

impl Visit for Mention {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.has_room_again |= field.name() == "event" && value == disk::HAS_ROOM_AGAIN;
        self.scan(value);
    }

    fn record_debug(&mut self, _field: &Field, value: &dyn fmt::Debug) {
        self.scan(&format!("{value:?}"));
    }

    fn record_error(&mut self, _field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.scan(&chain(value));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use confab_app::ports::StoreError;

    use super::*;

    #[derive(Clone, Default)]
    struct Count(Arc<AtomicUsize>);

    impl<S: Subscriber> Layer<S> for Count {
        fn on_event(&self, _event: &Event<'_>, _context: LayerContext<'_, S>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_full_disk_is_known_by_the_cause_of_an_error() {
        let count = Count::default();
        let lines = registry().with(FullDiskOnce::default()).with(count.clone());
        tracing::subscriber::with_default(lines, || {
            for cause in ["database or disk is full", "database or disk is full", "another"] {
                let error = StoreError::Unavailable(cause.into());
                tracing::warn!(error = &error as &dyn std::error::Error, "not kept");
            }
        });
        assert_eq!(count.0.load(Relaxed), 2);
    }

    #[test]
    fn a_disk_that_is_full_again_is_logged_again() {
        let count = Count::default();
        let lines = registry().with(FullDiskOnce::default()).with(count.clone());
        tracing::subscriber::with_default(lines, || {
            for _ in 0..2 {
                let error = StoreError::Unavailable("database or disk is full".into());
                tracing::warn!(error = &error as &dyn std::error::Error, "not kept");
                tracing::error!(event = "cannot_store", "nothing can be stored: {}", disk::IS_FULL);
                tracing::warn!(event = disk::HAS_ROOM_AGAIN, "data can be stored again");
            }
        });
        assert_eq!(count.0.load(Relaxed), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_disk_is_logged_once_and_again_after_the_pause() {
        let once = FullDiskOnce::default();
        assert!(once.may_say(Instant::now()) && !once.may_say(Instant::now()));
        tokio::time::advance(PAUSE).await;
        assert!(once.may_say(Instant::now()) && !once.may_say(Instant::now()));
    }
}
