//! Builds the functions of the product over the embedded backends.

use std::sync::Arc;
use std::time::Duration;

use api::{Api, WebSocketUrl};
use authorizer::AuthorizerFunction;
use confab_app::accounts::credentials::AuthRates;
use confab_app::delivery::typing::Typists;
use confab_app::limits::rare_changes::ChangeRates;
use confab_app::messages::send_message::Writer;
use confab_app::{Limiter, UserPermits};
use confab_aws::queue_sqs::{SourceQueue, SqsFanOutQueue, SqsPresenceQueue, SqsPushQueue};
use confab_credentials::passwords_argon2::Argon2Passwords;
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::budget::LOCAL_RATES;
use confab_domain::invite::SignupMode;
use confab_domain::rate::Rate;
use confab_domain::retention::Retention;
use confab_lambda::{presence::PresencePorts, sleeper};
use connect::ConnectFunction;
use default::DefaultFunction;
use disconnect::DisconnectFunction;
use fan_out::FanOutFunction;
use heartbeat::HeartbeatFunction;
use presence::PresenceFunction;
use push::PushFunction;
use send::SendFunction;
use sync::SyncFunction;

use crate::backends::Backends;
use crate::functions::LocalFunctions;
use crate::options::Options;
use crate::queues::Queue;
use crate::runner::WEBSOCKET_PATH;

/// Limits of signups and logins: per source address a burst of 200, then 10 per second; per handle as when deployed.
const AUTH_RATES: AuthRates = AuthRates {
    per_source: Rate { burst: 200, interval: Duration::from_millis(100) },
    per_handle: api::config::FAILED_LOGINS,
    concurrent_per_handle: api::config::LOGINS_CONCURRENT_MAX,
};

/// Parts that the functions share, since they run in one process.
pub(crate) struct Composition<'a> {
    backends: &'a Backends,
    tokens: &'a JwtTokens,
    fan_out_queue: SqsFanOutQueue,
    push_queue: SqsPushQueue,
    presence: PresencePorts,
    limiter: Arc<Limiter>,
    retention: Retention,
    websocket_url: WebSocketUrl,
    signup_mode: SignupMode,
}

impl<'a> Composition<'a> {
    pub(crate) fn new(options: &Options, backends: &'a Backends, tokens: &'a JwtTokens) -> Self {
        let Backends { sqs, queues, .. } = backends;
        Self {
            backends,
            tokens,
            fan_out_queue: SqsFanOutQueue::new(sqs.clone(), queues.fan_out.url.clone()),
            push_queue: SqsPushQueue::new(sqs.clone(), queues.push.url.clone()),
            presence: PresencePorts {
                queue: SqsPresenceQueue::new(sqs.clone(), queues.presence.url.clone()),
                policy: options.heartbeat_policy(),
                probes: Arc::default(),
            },
            limiter: Arc::new(Limiter::new(LOCAL_RATES)),
            retention: Retention::days(options.retention_days),
            websocket_url: match &options.public_url {
                Some(url) => WebSocketUrl::Fixed(url.websocket(WEBSOCKET_PATH)),
                None => WebSocketUrl::SameHost(WEBSOCKET_PATH.to_owned()),
            },
            signup_mode: options.signup,
        }
    }

    pub(crate) fn functions(&self) -> LocalFunctions {
        let Backends { store, gateway, .. } = self.backends;
        LocalFunctions {
            authorizer: AuthorizerFunction { tokens: self.tokens.clone() },
            connect: ConnectFunction {
                store: store.clone(),
                gateway: gateway.clone(),
                presence: self.presence.clone(),
                handshakes: UserPermits::of_handshakes(),
            },
            disconnect: DisconnectFunction { store: store.clone() },
            heartbeat: HeartbeatFunction {
                store: store.clone(),
                gateway: gateway.clone(),
                presence: self.presence.clone(),
                limiter: Arc::clone(&self.limiter),
            },
            send: self.send(),
            fan_out: self.fan_out(),
            presence: self.presence(),
            push: self.push(),
            sync: self.sync(),
            default: DefaultFunction { limiter: Arc::clone(&self.limiter) },
            api: LocalFunctions::api_router(self.api()),
        }
    }

    fn send(&self) -> SendFunction {
        SendFunction {
            store: self.backends.store.clone(),
            gateway: self.backends.gateway.clone(),
            queue: self.fan_out_queue.clone(),
            push: self.push_queue.clone(),
            presence: self.presence.clone(),
            writer: self.writer(),
            limiter: Arc::clone(&self.limiter),
        }
    }

    fn fan_out(&self) -> FanOutFunction {
        FanOutFunction {
            store: self.backends.store.clone(),
            gateway: self.backends.gateway.clone(),
            push: self.push_queue.clone(),
            policy: self.presence.policy,
            queue: self.fan_out_queue.clone(),
            probes: Arc::clone(&self.presence.probes),
            source: self.source(&self.backends.queues.fan_out),
        }
    }

    fn presence(&self) -> PresenceFunction {
        PresenceFunction {
            store: self.backends.store.clone(),
            gateway: self.backends.gateway.clone(),
            push: self.push_queue.clone(),
            presence: self.presence.clone(),
            source: self.source(&self.backends.queues.presence),
        }
    }

    fn push(&self) -> PushFunction {
        PushFunction {
            store: self.backends.store.clone(),
            push: self.backends.push.clone(),
            queue: self.push_queue.clone(),
            source: self.source(&self.backends.queues.push),
            preview: false,
            retention: self.retention,
            policy: self.presence.policy,
        }
    }

    fn sync(&self) -> SyncFunction {
        SyncFunction {
            store: self.backends.store.clone(),
            gateway: self.backends.gateway.clone(),
            push: self.push_queue.clone(),
            presence: self.presence.clone(),
            retention: self.retention,
            typists: Typists::default(),
            limiter: Arc::clone(&self.limiter),
        }
    }

    fn api(&self) -> Api {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Api {
            store: self.backends.store.clone(),
            gateway: self.backends.gateway.clone(),
            queue: self.fan_out_queue.clone(),
            push: self.backends.push.clone(),
            push_queue: self.push_queue.clone(),
            presence: self.presence.clone(),
            passwords: Argon2Passwords::new(cores),
            tokens: self.tokens.clone(),
            writer: self.writer(),
            signup_mode: self.signup_mode,
            rates: AUTH_RATES,
            changes: ChangeRates::LOCAL,
            limiter: Arc::clone(&self.limiter),
            websocket_url: self.websocket_url.clone(),
        }
    }

    fn writer(&self) -> Writer {
        Writer::new(self.retention, sleeper::sleeper())
    }

    fn source(&self, queue: &Queue) -> SourceQueue {
        SourceQueue::new(self.backends.sqs.clone(), queue.url.clone(), queue.dead_letter_url.clone())
    }
}
