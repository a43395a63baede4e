//! Probes of the disk for room.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use confab_protocol::http::ErrorAnswer;
use confab_protocol::{ErrorBody, ErrorCode};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Size that must fit: more than any request stores, its journal included. Unit: bytes.
const ROOM_BYTES: usize = 1024 * 1024;

/// Time for which a result is reused: anybody may ask for the health, and each probe writes.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// Interval of the probes that no request causes.
const CHECKED_EVERY: Duration = Duration::from_secs(10);

/// Name of the file that a probe writes and removes.
pub(crate) const PROBE: &str = "room.draft";

/// Text about a full disk, for people.
pub(crate) const IS_FULL: &str = "the disk is full";

/// Name of the log event after which a full disk is logged again.
pub(crate) const HAS_ROOM_AGAIN: &str = "can_store_again";

/// The disk of a data directory. Data in memory has no disk, which is never full.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Option<Arc<Watched>>);

#[derive(Debug)]
struct Watched {
    directory: PathBuf,
    last: Mutex<Option<(Instant, Option<ErrorKind>)>>,
    /// State in the last log event.
    was_full: AtomicBool,
}

impl Disk {
    pub(crate) fn of(directory: Option<&Path>) -> Self {
        Self(directory.map(|directory| {
            Arc::new(Watched {
                directory: directory.to_owned(),
                last: Mutex::default(),
                was_full: AtomicBool::new(false),
            })
        }))
    }

    /// Returns why no data can be stored, if so. Logs each change.
    async fn failure(&self) -> Option<ErrorKind> {
        let watched = self.0.as_ref()?;
        let mut last = watched.last.lock().await;
        if let Some((asked_at, failure)) = *last
            && asked_at.elapsed() < BELIEVED_FOR
        {
            return failure;
        }
        let directory = watched.directory.clone();
        let probed = tokio::task::spawn_blocking(move || probe(&directory)).await;
        let failure = probed.map_err(std::io::Error::other).and_then(|probed| probed).err();
        watched.report(failure.as_ref());
        let kind = failure.map(|failure| failure.kind());
        *last = Some((Instant::now(), kind));
        kind
    }

    /// Probes the disk at intervals, without end.
    pub(crate) async fn watch(self) {
        let mut ticks = tokio::time::interval(CHECKED_EVERY);
        loop {
            ticks.tick().await;
            self.failure().await;
        }
    }
}

impl Watched {
    fn report(&self, failure: Option<&std::io::Error>) {
        let was_full = self.was_full.swap(failure.is_some(), Relaxed);
        let directory = self.directory.display();
        match failure {
            Some(failure) if !was_full => {
                tracing::error!(
                    event = "cannot_store",
                    "nothing can be stored in {directory}, and every request that would is answered `unavailable`: \
                     {}",
                    advice(failure)
                );
            }
            None if was_full => {
                tracing::warn!(event = HAS_ROOM_AGAIN, "data can be stored in {directory} again")
            }
            Some(_) | None => {}
        }
    }
}

/// Writes as much as a request may write, and removes it.
///
/// # Errors
///
/// The system's reason.
pub(crate) fn probe(directory: &Path) -> std::io::Result<()> {
    let path = directory.join(PROBE);
    let written = write(&path);
    // The next probe overwrites a file that is left over.
    drop(fs::remove_file(&path));
    written
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().mode(0o600).create(true).truncate(true).write(true).open(path)?;
    file.write_all(&vec![0; ROOM_BYTES])?;
    file.flush()
}

/// Advice about a failed probe, for people.
pub(crate) fn advice(failure: &std::io::Error) -> String {
    if is_full(failure.kind()) {
        return format!("{IS_FULL}; make room, or choose another directory with --data");
    }
    format!("{failure}; let this user write there, or choose another directory with --data")
}

const fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// Answers a request for the API's health if no data can be stored.
pub(crate) async fn health(State(disk): State<Disk>, request: Request, next: Next) -> Response {
    if request.uri().path() != "/v1/health" {
        return next.run(request).await;
    }
    let message = match disk.failure().await {
        None => return next.run(request).await,
        Some(kind) if is_full(kind) => "the server's disk is full: it can store nothing",
        Some(_) => "the server can store nothing now; its log says why",
    };
    let error = ErrorBody::new(ErrorCode::Unavailable, message);
    (StatusCode::SERVICE_UNAVAILABLE, Json(ErrorAnswer { error })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/dev/full` is always full.
    #[test]
    fn a_full_disk_is_called_so() {
        let failure = write(Path::new("/dev/full")).unwrap_err();
        assert!(advice(&failure).starts_with("the disk is full; make room"), "{failure}");
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_room() {
        let failure = probe(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(advice(&failure).contains("--data"), "{failure}");
    }
}
