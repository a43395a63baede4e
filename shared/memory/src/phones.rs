//! A push service that records what is published.

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
/// Failed and lost publishes are up to the weather, like calls to a store.
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
    /// Where it was published to.
    pub endpoint: Endpoint,
    /// What it says.
    pub notification: Notification,
}

/// What happens to every publish until it is set otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishFault {
    /// Not done, and said so.
    Throttled,
}

impl Phones {
    /// A push service without endpoints.
    pub fn new(injector: Arc<dyn FaultInjector>) -> Self {
        Self { injector, state: Mutex::default() }
    }

    /// The endpoint that a token has, or would have.
    pub fn endpoint_of(platform: Platform, token: &PushToken) -> Endpoint {
        Endpoint::new(format!("endpoint/{platform}/{}", token.reveal()))
    }

    /// Disables an endpoint, as when the app was taken off the phone; until it is asked for again.
    pub fn disable(&self, endpoint: &Endpoint) {
        if let Some(is_enabled) = self.state().endpoints.get_mut(endpoint.as_str()) {
            *is_enabled = false;
        }
    }

    /// Takes an endpoint away.
    pub fn remove(&self, endpoint: &Endpoint) {
        self.state().endpoints.remove(endpoint.as_str());
    }

    /// Whether the endpoint is there and takes pushes.
    pub fn is_enabled(&self, endpoint: &Endpoint) -> bool {
        self.state().endpoints.get(endpoint.as_str()).is_some_and(|is_enabled| *is_enabled)
    }

    /// Sets or ends a fault of every publish.
    pub fn set_fault(&self, fault: Option<PublishFault>) {
        self.state().fault = fault;
    }

    /// How many pushes were published so far.
    pub fn published_count(&self) -> usize {
        self.state().published.len()
    }

    /// Everything that was published from the `skipped`th on.
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
