//! Starting and stopping.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::{Api, WebSocketUrl};
use authorizer::Authorizer;
use axum::middleware::from_fn;
use confab_app::Limiter;
use confab_app::rare_changes::ChangeRates;
use confab_app::send_message::Writer;
use confab_app::sign_up::AuthRates;
use confab_app::typing::Typists;
use confab_domain::budget::LOCAL_RATES;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::rate::Rate;
use confab_domain::retention::Retention;
use confab_embedded_aws::{DynamoDb, Sns, Sqs};
use confab_lambda::{clock, presence::Presence, sleeper};
use confab_local_gateway::{Gateway, GatewayConfig, Limits};
use confab_passwords_argon2::Argon2Passwords;
use confab_queue_sqs::{SourceQueue, SqsFanOutQueue, SqsPresenceQueue, SqsPushQueue};
use confab_tokens_jwt::JwtTokens;
use connect::Connect;
use default::DefaultFunction;
use disconnect::Disconnect;
use fan_out::FanOut;
use heartbeat::Heartbeat;
use presence::Presence as PresenceFunction;
use push::Push;
use send::Send;
use sync::Sync;

use crate::backends::{Backends, sweep_expired};
use crate::data_dir::{DataDir, fresh_secret};
use crate::functions::{LocalFunctions, http_api, websocket_api};
use crate::options::Options;
use crate::pushes::{self, Witnesses};
use crate::queues::{Queue, Queues};
use crate::web;

/// Where the WebSocket API is.
const WEBSOCKET_PATH: &str = "/ws";

/// Frames of one socket that are handled at once: one that floods waits for itself,
/// rather than that all others wait for it.
const IN_FLIGHT_PER_CONNECTION_MAX: usize = 16;

/// How long announcements that are under way may take at the end; what is not done stays in the queue.
const FEEDER_GRACE: Duration = Duration::from_secs(5);

/// Signups and logins: per source address a burst of 200, then 10 per second; per handle as when deployed.
const AUTH_RATES: AuthRates = AuthRates {
    per_source: Rate { burst: 200, interval: Duration::from_millis(100) },
    per_handle: api::config::FAILED_LOGINS,
    at_once_per_handle: api::config::LOGINS_AT_ONCE,
};

/// Confab, ready to accept connections.
pub struct Runner {
    gateway: Gateway,
    functions: LocalFunctions,
    dynamodb: DynamoDb,
    queues: Queues,
    sqs: aws_sdk_sqs::Client,
    data: Option<DataDir>,
}

impl Runner {
    /// Opens the data, makes the tables, and listens.
    ///
    /// # Errors
    ///
    /// What is in the way, for people: the address or the data directory in use.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let data = if options.memory { None } else { Some(DataDir::open(&options.data)?) };
        let now_ms = clock::now().as_ms();
        let (dynamodb, sqs, sns, secret) = match &data {
            Some(data) => (
                data.database()?,
                data.queues(now_ms)?,
                data.pushes(clock::now().as_ms())?,
                data.signing_secret()?,
            ),
            None => (
                DynamoDb::in_memory()?,
                Sqs::in_memory(now_ms),
                Sns::in_memory(clock::now().as_ms())?,
                fresh_secret()?,
            ),
        };
        let tokens = JwtTokens::new(&secret).context("the file signing-secret in the data directory")?;
        let config = GatewayConfig {
            websocket: Some(websocket_api(WEBSOCKET_PATH)),
            http: Some(http_api()),
            limits: Limits {
                in_flight_per_connection_max: IN_FLIGHT_PER_CONNECTION_MAX,
                ..Limits::default()
            },
            ..GatewayConfig::default()
        };
        let stage = config.stage.clone();
        let gateway = Gateway::bind(config, options.listen)
            .await
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        let backends =
            Backends::new(dynamodb.clone(), (sqs, sns.clone()), gateway.connections(), &stage).await?;
        if let Some(data) = &data {
            data.take_over()?;
        }
        let witnesses = Witnesses { store: backends.store.clone(), policy: heartbeat_policy(options) };
        let developers = pushes::recorded(sns).merge(pushes::explained(witnesses));
        let developers = developers.layer(from_fn(pushes::only_by_address));
        let gateway = gateway.with_fallback(web::router().merge(developers));
        let functions = functions(options, &backends, &tokens);
        let Backends { sqs, queues, .. } = backends;
        Ok(Self { gateway, functions, dynamodb, queues, sqs, data })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    /// Serves until `shutdown`, then finishes what is in flight and closes every socket with 1001.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let sweeper = tokio::spawn(sweep_expired(self.dynamodb));
        let functions = Arc::new(self.functions);
        // What is not announced by then stays in the queue, and clients sync when they come back.
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let feeder = tokio::spawn(self.queues.feed(self.sqs, Arc::clone(&functions), async {
            let _ = stopped.await;
        }));
        self.gateway
            .serve(functions, async {
                shutdown.await;
                let _ = stop.send(());
            })
            .await;
        let _ = tokio::time::timeout(FEEDER_GRACE, feeder).await;
        sweeper.abort();
        drop(self.data);
    }
}

fn heartbeat_policy(options: &Options) -> HeartbeatPolicy {
    HeartbeatPolicy {
        interval: options.heartbeat(),
        timeout: Duration::from_secs(options.presence_timeout_seconds),
    }
}

fn functions(options: &Options, backends: &Backends, tokens: &JwtTokens) -> LocalFunctions {
    let Backends { store, gateway, push, sqs, queues } = backends;
    let push_queue = SqsPushQueue::new(sqs.clone(), queues.push.url.clone());
    let policy = heartbeat_policy(options);
    let queue = SqsFanOutQueue::new(sqs.clone(), queues.fan_out.url.clone());
    let presence = Presence {
        queue: SqsPresenceQueue::new(sqs.clone(), queues.presence.url.clone()),
        policy,
        probes: Arc::default(),
    };
    let source =
        |queue: &Queue| SourceQueue::new(sqs.clone(), queue.url.clone(), queue.dead_letter_url.clone());
    let retention = Retention::days(options.retention_days);
    // One for all functions, since they are one process.
    let limiter = Arc::new(Limiter::new(LOCAL_RATES));
    let writer = || Writer::new(retention, sleeper::sleeper());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    LocalFunctions {
        authorizer: Authorizer { tokens: tokens.clone() },
        connect: Connect { store: store.clone(), gateway: gateway.clone(), presence: presence.clone() },
        disconnect: Disconnect { store: store.clone() },
        heartbeat: Heartbeat {
            store: store.clone(),
            gateway: gateway.clone(),
            presence: presence.clone(),
            limiter: Arc::clone(&limiter),
        },
        send: Send {
            store: store.clone(),
            gateway: gateway.clone(),
            queue: queue.clone(),
            push: push_queue.clone(),
            presence: presence.clone(),
            writer: writer(),
            limiter: Arc::clone(&limiter),
        },
        fan_out: FanOut {
            store: store.clone(),
            gateway: gateway.clone(),
            push: push_queue.clone(),
            policy,
            queue: queue.clone(),
            probes: Arc::clone(&presence.probes),
            source: source(&queues.fan_out),
        },
        presence: PresenceFunction {
            store: store.clone(),
            gateway: gateway.clone(),
            push: push_queue.clone(),
            presence: presence.clone(),
            source: source(&queues.presence),
        },
        push: Push {
            store: store.clone(),
            push: push.clone(),
            queue: push_queue.clone(),
            source: source(&queues.push),
            preview: false,
            retention,
            policy,
        },
        sync: Sync {
            store: store.clone(),
            gateway: gateway.clone(),
            push: push_queue.clone(),
            presence: presence.clone(),
            retention,
            typists: Typists::default(),
            limiter: Arc::clone(&limiter),
        },
        default: DefaultFunction { limiter: Arc::clone(&limiter) },
        api: LocalFunctions::api_router(Api {
            store: store.clone(),
            gateway: gateway.clone(),
            queue,
            push: push.clone(),
            push_queue,
            presence,
            passwords: Argon2Passwords::new(cores),
            tokens: tokens.clone(),
            writer: writer(),
            rates: AUTH_RATES,
            changes: ChangeRates::new(60, 10, 20, 1_000),
            limiter,
            websocket_url: WebSocketUrl::SameHost(WEBSOCKET_PATH.to_owned()),
        }),
    }
}
