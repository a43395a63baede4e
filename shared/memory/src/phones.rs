//! A push service that records every publish.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_app::ports::{EndpointOutcome, PublishOutcome, Push, StoreError};
use confab_domain::notification::Notification;
use confab_domain::push::{Endpoint, Platform, PushToken};

use crate::faults::{FaultInjector, NoFaults, unavailable};
use crate::yielding::call;

/// Endpoints by name, and every push that was published to one, in order.
///
/// The fault injector decides whether a publish fails or its answer is lost, as for a call to a store.
pub struct Phones {
    injector: Arc<dyn FaultInjector>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    endpoints: BTreeMap<String, bool>,
    published: Vec<Publish>,
    fault: Option<PublishFault>,
}

/// A push that reached a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The endpoint that it was published to.
    pub endpoint: Endpoint,
    /// Content of the push.
    pub notification: Notification,
}

/// Fault of every publish, until it is set otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishFault {
    /// The publish fails, and the caller gets an error.
    Throttled,
}

impl Phones {
    /// A push service without endpoints.
    pub fn new(injector: Arc<dyn FaultInjector>) -> Self {
        Self { injector, state: Mutex::default() }
    }

    /// The endpoint of a token, whether it exists or not.
    pub fn endpoint_of(platform: Platform, token: &PushToken) -> Endpoint {
        Endpoint::new(format!("endpoint/{platform}/{}", token.reveal()))
    }

    /// Disables an endpoint until it is asked for again, as when the app was removed from the phone.
    pub fn disable(&self, endpoint: &Endpoint) {
        if let Some(is_enabled) = self.state().endpoints.get_mut(endpoint.as_str()) {
            *is_enabled = false;
        }
    }

    /// Removes an endpoint.
    pub fn remove(&self, endpoint: &Endpoint) {
        self.state().endpoints.remove(endpoint.as_str());
    }

    /// Whether the endpoint exists and accepts pushes.
    pub fn is_enabled(&self, endpoint: &Endpoint) -> bool {
        self.state().endpoints.get(endpoint.as_str()).is_some_and(|is_enabled| *is_enabled)
    }

    /// Sets or ends a fault of every publish.
    pub fn set_fault(&self, fault: Option<PublishFault>) {
        self.state().fault = fault;
    }

    /// Number of pushes published so far.
    pub fn published_count(&self) -> usize {
        self.state().published.len()
    }

    /// All pushes published so far, without the first `skipped`.
    pub fn published_after(&self, skipped: usize) -> Vec<Publish> {
        self.state().published.iter().skip(skipped).cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Push for Phones {
    async fn endpoint(&self, platform: Platform, token: &PushToken) -> Result<EndpointOutcome, StoreError> {
        let endpoint = Self::endpoint_of(platform, token);
        call(&*self.injector, || {
            self.state().endpoints.insert(endpoint.as_str().to_owned(), true);
            EndpointOutcome::Ready(endpoint)
        })
        .await
    }

    async fn remove_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        call(&*self.injector, || self.remove(endpoint)).await
    }

    async fn publish(
        &self,
        endpoint: &Endpoint,
        notification: &Notification,
    ) -> Result<PublishOutcome, StoreError> {
        let published = call(&*self.injector, || {
            let State { endpoints, published, fault } = &mut *self.state();
            match (endpoints.get(endpoint.as_str()), fault) {
                (_, Some(PublishFault::Throttled)) => Err(unavailable("throttled")),
                (None, None) => Ok(PublishOutcome::Gone),
                (Some(false), None) => Ok(PublishOutcome::Disabled),
                (Some(true), None) => {
                    let (endpoint, notification) = (endpoint.clone(), notification.clone());
                    published.push(Publish { endpoint, notification });
                    Ok(PublishOutcome::Taken)
                }
            }
        });
        published.await?
    }
}

impl Default for Phones {
    fn default() -> Self {
        Self::new(Arc::new(NoFaults))
    }
}

impl fmt::Debug for Phones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phones").field("state", &self.state).finish_non_exhaustive()
    }
}
