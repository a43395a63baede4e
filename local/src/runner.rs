//! Start and stop of the local runner.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::middleware::{from_fn, from_fn_with_state};
use confab_credentials::tokens_jwt::JwtTokens;
use confab_embedded_aws::{DynamoDb, Sns, Sqs};
use confab_lambda::clock;
use confab_local_gateway::{Gateway, GatewayConfig, Limits};

use crate::addresses::Listen;
use crate::apis::{http_api, websocket_api};
use crate::backends::{Backends, sweep_expired};
use crate::composition::Composition;
use crate::data_dir::{DataDir, fresh_secret};
use crate::disk::{self, Disk};
use crate::functions::LocalFunctions;
use crate::options::Options;
use crate::pushes::{self, ExplainState};
use crate::queues::Queues;
use crate::web;

/// Path of the WebSocket API.
pub(crate) const WEBSOCKET_PATH: &str = "/ws";

/// Frames of one socket that are handled side by side. A socket that floods waits for itself, and the others do not
/// wait for it.
const IN_FLIGHT_PER_CONNECTION_MAX: usize = 16;

/// Time for announcements that are under way at the end; unfinished ones stay in the queue.
const FEEDER_GRACE: Duration = Duration::from_secs(5);

/// Listens on the first free address of a name.
async fn bind(config: GatewayConfig, listen: &Listen) -> anyhow::Result<Gateway> {
    let mut failure = anyhow::anyhow!("it has no address");
    for address in listen.resolve().await? {
        match Gateway::bind(config.clone(), address).await {
            Ok(gateway) => return Ok(gateway),
            Err(error) => failure = error.into(),
        }
    }
    Err(failure).with_context(|| {
        format!(
            "cannot listen on {listen}; stop the program that does, or choose another address with --listen"
        )
    })
}

/// Confab, ready to accept connections.
pub struct Runner {
    gateway: Gateway,
    functions: LocalFunctions,
    dynamodb: DynamoDb,
    queues: Queues,
    sqs: aws_sdk_sqs::Client,
    data: Option<DataDir>,
    disk: Disk,
}

impl Runner {
    /// Opens the data, creates the tables, and listens.
    ///
    /// # Errors
    ///
    /// For people: the address or the data directory is in use, or cannot be used.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let mut data = if options.memory { None } else { Some(DataDir::open(&options.data)?) };
        let now_ms = clock::now().as_ms();
        let (dynamodb, sqs, sns, secret) = match &mut data {
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
            http: Some(http_api(&options.allow_origin)),
            limits: Limits {
                in_flight_per_connection_max: IN_FLIGHT_PER_CONNECTION_MAX,
                ..Limits::default()
            },
            ..GatewayConfig::default()
        };
        let stage = config.stage.clone();
        let gateway = bind(config, &options.listen).await?;
        let backends =
            Backends::new(dynamodb.clone(), (sqs, sns.clone()), gateway.connections(), &stage).await?;
        if let Some(data) = &mut data {
            data.take_over()?;
        }
        let explain_state =
            ExplainState { store: backends.store.clone(), policy: options.heartbeat_policy() };
        let developers = pushes::recorded(sns).merge(pushes::explained(explain_state));
        let developers = developers.layer(from_fn(pushes::only_by_address));
        let gateway = gateway.with_fallback(web::router().merge(developers));
        let disk = Disk::of(data.as_ref().map(DataDir::path));
        let mut functions = Composition::new(options, &backends, &tokens).functions();
        functions.api = functions.api.layer(from_fn_with_state(disk.clone(), disk::health));
        let Backends { sqs, queues, .. } = backends;
        Ok(Self { gateway, functions, dynamodb, queues, sqs, data, disk })
    }

    /// Address that the runner listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    /// Serves until `shutdown`, then finishes what is in flight and closes every socket with 1001.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let sweeper = tokio::spawn(sweep_expired(self.dynamodb));
        let watcher = tokio::spawn(self.disk.watch());
        let functions = Arc::new(self.functions);
        // Announcements that are not made by then stay in the queue, and clients sync when they reconnect.
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
        watcher.abort();
        drop(self.data);
    }
}
