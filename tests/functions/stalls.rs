//! A store that is slow, or that answers nothing any more.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use confab_embedded_aws::{Service, ServiceFuture, ServiceRequest};

/// How the stores of a bench answer. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stalls(Arc<Mutex<Stall>>);

#[derive(Clone, Copy, Debug, Default)]
struct Stall {
    /// Before each answer.
    delay: Duration,
    /// Requests that are answered still; all where it is `None`.
    answers: Option<usize>,
}

impl Stalls {
    /// Each request takes this long from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        self.stall().delay = delay;
    }

    /// This many requests are answered from now on, and those after them never.
    pub(crate) fn hang_after(&self, answers: usize) {
        self.stall().answers = Some(answers);
    }

    /// All requests are answered again, at once.
    pub(crate) fn end(&self) {
        *self.stall() = Stall::default();
    }

    /// A service that stalls so.
    pub(crate) fn of(&self, service: impl Service) -> impl Service {
        Stalling { stalls: self.clone(), service: Arc::new(service) }
    }

    fn stall(&self) -> MutexGuard<'_, Stall> {
        self.0.lock().expect("nobody panics with it")
    }

    /// How long the next answer takes; `None` where it never comes.
    fn next(&self) -> Option<Duration> {
        let mut stall = self.stall();
        if let Some(left) = stall.answers {
            stall.answers = Some(left.checked_sub(1)?);
        }
        Some(stall.delay)
    }
}

struct Stalling<S> {
    stalls: Stalls,
    service: Arc<S>,
}

impl<S: Service> Service for Stalling<S> {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let (next, service) = (self.stalls.next(), Arc::clone(&self.service));
        Box::pin(async move {
            match next {
                None => return pending().await,
                Some(Duration::ZERO) => {}
                Some(delay) => tokio::time::sleep(delay).await,
            }
            service.call(request).await
        })
    }
}
