//! The push service, which reaches phones whose app is not running.

use std::future::Future;

use confab_domain::notification::Notification;
use confab_domain::push::{Endpoint, Platform, PushToken};

use super::StoreError;

/// Outcome of making an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointOutcome {
    /// The endpoint exists, and takes pushes.
    Ready(Endpoint),
    /// The deployment has no credentials for this platform.
    NotOffered,
    /// The service does not take this token.
    WrongToken,
}

/// Outcome of publishing a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The service took the push. That does not prove that the phone has it.
    Taken,
    /// The platform has reported that the token is dead, or that the app was removed.
    Disabled,
    /// There is no such endpoint.
    Gone,
}

/// Endpoints of phones, and pushes to them.
pub trait Push: Send + Sync {
    /// Returns the enabled endpoint of a token, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition finds the endpoint that was made.
    fn endpoint(
        &self,
        platform: Platform,
        token: &PushToken,
    ) -> impl Future<Output = Result<EndpointOutcome, StoreError>> + Send;

    /// Removes an endpoint; succeeds also where it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_endpoint(&self, endpoint: &Endpoint) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Publishes a push to an endpoint.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; where that is [`StoreError::Unavailable`], the phone may get it all the same.
    fn publish(
        &self,
        endpoint: &Endpoint,
        notification: &Notification,
    ) -> impl Future<Output = Result<PublishOutcome, StoreError>> + Send;
}
