//! The HTTP API: accounts, devices, tickets, friends, groups, the chat list and history.
//!
//! Start with [`router`]. Each module of `routes` holds the calls of one subject.

pub mod config;
pub mod event;

mod answer;
mod description;
mod extract;
mod metered;
mod routes;
mod source;
mod websocket_url;

use std::sync::Arc;

use axum::Router;
use confab_app::accounts::credentials::AuthRates;
use confab_app::accounts::sign_up::FreshIds;
use confab_app::delivery::deliver::Delivery;
use confab_app::limits::rare_changes::{ChangeRates, RareChange, take_change};
use confab_app::messages::send_message::Writer;
use confab_app::presence::Context;
use confab_app::{Error, Limiter};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::push_sns::SnsPush;
use confab_aws::queue_sqs::{SqsFanOutQueue, SqsPresenceQueue, SqsPushQueue};
use confab_credentials::passwords_argon2::Argon2Passwords;
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::invite::SignupMode;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};
use confab_lambda::presence::PresencePorts;
use confab_lambda::random;
use confab_store_dynamodb::Store;

use extract::Caller;

pub use websocket_url::WebSocketUrl;

/// Ports and configuration that calls use.
#[derive(Debug)]
pub struct Api {
    /// All stores.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Queue of announcements.
    pub queue: SqsFanOutQueue,
    /// Push service.
    pub push: SnsPush,
    /// Queue of pushes.
    pub push_queue: SqsPushQueue,
    /// Heartbeat policy, probes, and the queue of lease checks.
    pub presence: PresencePorts,
    /// Password hashing.
    pub passwords: Argon2Passwords,
    /// Access tokens, refresh tokens, tickets.
    pub tokens: JwtTokens,
    /// State that a warm environment keeps for writes.
    pub writer: Writer,
    /// Who may create an account.
    pub signup_mode: SignupMode,
    /// Limits on signups and on attempts to log in.
    pub rates: AuthRates,
    /// Limits on changes of contacts, profiles and groups.
    pub changes: ChangeRates,
    /// Budgets of users.
    pub limiter: Arc<Limiter>,
    /// The address of the WebSocket API.
    pub websocket_url: WebSocketUrl,
}

type Shared = Arc<Api>;

/// Router of all calls, under `/v1`.
pub fn router(api: Api) -> Router {
    routes::router(Arc::new(api))
}

impl Api {
    fn presence(&self, now: Timestamp) -> Result<Context<'_, Store, SqsPresenceQueue>, Error> {
        self.presence.context(&self.store, now)
    }

    async fn take_change(&self, caller: &Caller, change: RareChange) -> Result<(), Error> {
        take_change(&self.store, &self.changes, caller.identity.user, change, caller.now).await
    }

    fn delivery(&self) -> Delivery<'_, Gateway, SqsPushQueue> {
        Delivery {
            connections: &self.gateway,
            push: &self.push_queue,
            policy: self.presence.policy,
            probes: &self.presence.probes,
        }
    }

    fn fresh_ids(&self, now: Timestamp) -> Result<FreshIds, Error> {
        Ok(FreshIds {
            user: UserId::new(random::ulid(now)?),
            device: DeviceId::new(random::ulid(now)?),
            family: FamilyId::new(random::ulid(now)?),
        })
    }
}
