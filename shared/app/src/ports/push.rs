//! The push service: what brings something to a phone whose app is not running.

use std::future::Future;

use confab_domain::notification::Notification;
use confab_domain::push::{Endpoint, Platform, PushToken};

use super::StoreError;

/// What making an endpoint came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointOutcome {
    /// It is there, and takes pushes.
    Ready(Endpoint),
    /// The deployment has no credentials for this platform.
    NotOffered,
    /// The service does not take this token.
    WrongToken,
}

/// What publishing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The service took it. That does not prove that the phone has it.
    Taken,
    /// The platform said that the token is dead, or the app is no more.
    Disabled,
    /// There is no such endpoint.
    Gone,
}

/// Endpoints of phones, and what is published to them.
pub trait Push: Send + Sync {
    /// The endpoint of a token, made where there is none, and enabled.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Done again, it finds what it made.
    fn endpoint(
        &self,
        platform: Platform,
        token: &PushToken,
    ) -> impl Future<Output = Result<EndpointOutcome, StoreError>> + Send;

    /// Removes an endpoint; one that is gone already is fine.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_endpoint(&self, endpoint: &Endpoint) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Hands a push to the service.
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
