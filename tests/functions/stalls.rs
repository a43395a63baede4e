//! A store that is slow, hangs, or fails.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use confab_embedded_aws::{Service, ServiceFuture, ServiceRequest};

/// Delays and failures of the stores of a bench. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stalls(Arc<Mutex<Stall>>);

#[derive(Clone, Copy, Debug, Default)]
struct Stall {
    /// Time before each answer.
    delay: Duration,
    /// Requests that are still answered; `None` for all.
    answers: Option<usize>,
    /// The operation that fails.
    fails: Option<&'static str>,
}

impl Stalls {
    /// From now on, each request takes this long.
    pub(crate) fn delay(&self, delay: Duration) {
        self.stall().delay = delay;
    }

    /// From now on, this many requests are answered, and all later ones hang.
    pub(crate) fn hang_after(&self, answers: usize) {
        self.stall().answers = Some(answers);
    }

    /// From now on, each request for this operation fails.
    pub(crate) fn fail(&self, operation: &'static str) {
        self.stall().fails = Some(operation);
    }

    /// From now on, all requests are answered immediately.
    pub(crate) fn end(&self) {
        *self.stall() = Stall::default();
    }

    /// A service with these delays and failures.
    pub(crate) fn of(&self, service: impl Service) -> impl Service {
        Stalling { stalls: self.clone(), service: Arc::new(service) }
    }

    fn stall(&self) -> MutexGuard<'_, Stall> {
        self.0.lock().expect("nobody panics with it")
    }

    /// The delay of the next answer; `None` if it never comes.
    fn next(&self) -> Option<Duration> {
        let mut stall = self.stall();
        if let Some(left) = stall.answers {
            stall.answers = Some(left.checked_sub(1)?);
        }
        Some(stall.delay)
    }
}

impl Stalls {
    /// Whether a request, as the SDK sends it to DynamoDB and SQS, fails.
    fn fails(&self, request: &ServiceRequest) -> bool {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next());
        operation.is_some() && operation == self.stall().fails
    }
}

struct Stalling<S> {
    stalls: Stalls,
    service: Arc<S>,
}

impl<S: Service> Service for Stalling<S> {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let (next, service) = (self.stalls.next(), Arc::clone(&self.service));
        let fails = self.stalls.fails(&request);
        Box::pin(async move {
            if fails {
                let failure = Bytes::from_static(br#"{"__type":"InternalServerError"}"#);
                return http::Response::builder().status(500).body(failure).expect("a response");
            }
            match next {
                None => return pending().await,
                Some(Duration::ZERO) => {}
                Some(delay) => tokio::time::sleep(delay).await,
            }
            service.call(request).await
        })
    }
}
