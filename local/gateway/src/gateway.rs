//! Listens, passes each connection to its API, and shuts down in order.

use std::{
    future::{Future, ready},
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::map_request,
    routing::any,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    select,
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

use crate::{
    config::GatewayConfig,
    connections::Connections,
    functions::Functions,
    http_api::{self, body},
    shared::{Phase, Place, Shared},
    tasks::Tasks,
    websocket::{self, Routes},
    well_formed::is_well_formed,
};

/// Longest head of a request. Unit: bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Pause after a failed accept; the usual cause is too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A gateway that listens and does not serve yet.
pub struct Gateway {
    config: GatewayConfig,
    listener: TcpListener,
    local_addr: SocketAddr,
    connections: Connections,
    fallback: Router,
}

impl Gateway {
    /// Binds the address. Clients that connect before [`Gateway::serve`] wait.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or the configuration has paths that cannot be served (`InvalidInput`).
    pub async fn bind(config: GatewayConfig, addr: SocketAddr) -> io::Result<Self> {
        config.check().map_err(|problem| io::Error::new(io::ErrorKind::InvalidInput, problem))?;
        let listener = TcpListener::bind(addr).await?;
        let local_addr = listener.local_addr()?;
        let connections = Connections::new(config.stage.clone(), config.limits.clone());
        let fallback = Router::new().fallback(http_api::not_found);
        Ok(Self { config, listener, local_addr, connections, fallback })
    }

    /// Sets the router of all paths outside the APIs, such as a static page. Its handlers may extract
    /// `ConnectInfo<SocketAddr>`; they get no bodies.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Router) -> Self {
        self.fallback = fallback;
        self
    }

    /// The bound address, with the port that the system chose for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The open sockets, for the functions that [`Gateway::serve`] will call.
    pub fn connections(&self) -> Connections {
        self.connections.clone()
    }

    /// Serves until `shutdown` completes, then shuts down in order.
    ///
    /// At the shutdown it accepts no new connection, request or message, and lets work in flight finish, answers and
    /// posts included. Then it closes every socket with code 1001, runs `$disconnect` for each, and returns. Each of
    /// the two waits lasts at most [`Limits::shutdown_grace`](crate::Limits::shutdown_grace).
    pub async fn serve<F: Functions>(self, functions: F, shutdown: impl Future<Output = ()>) {
        let Self { config, listener, connections, fallback, .. } = self;
        let (phase, watched) = watch::channel(Phase::Running);
        let grace = config.limits.shutdown_grace;
        let body_bytes = config.limits.body_bytes_in_flight_max.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(config.limits.connections_max.min(Semaphore::MAX_PERMITS)));
        let routes = config.websocket.as_ref().map(Routes::new).unwrap_or_default();
        let shared = Arc::new(Shared {
            config,
            functions,
            connections,
            routes,
            phase: watched,
            body_room: Arc::new(Semaphore::new(body_bytes)),
            large_event: Arc::new(Semaphore::new(1)),
            requests: Tasks::new(),
            sockets: Tasks::new(),
            invocations: Tasks::new(),
        });
        let router = router(&shared, fallback);
        {
            let mut shutdown = pin!(shutdown);
            loop {
                select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                            Ok(place) => {
                                let place = Place(Arc::new(place));
                                let serving = serve_http(Arc::clone(&shared), router.clone(), stream, (peer, place));
                                shared.requests.spawn(serving);
                            }
                            Err(_) => shared.requests.spawn(turn_away(stream, shared.limits().close_timeout)),
                        },
                        Err(error) => {
                            tracing::warn!(%error, "cannot accept a connection");
                            sleep(ACCEPT_PAUSE).await;
                        }
                    },
                    () = &mut shutdown => break,
                }
            }
        }
        drop(listener);
        phase.send_replace(Phase::Draining);
        tokio::join!(shared.requests.wait(grace), shared.invocations.wait(grace));
        phase.send_replace(Phase::Closing);
        shared.sockets.wait(grace).await;
    }
}

fn router<F: Functions>(shared: &Arc<Shared<F>>, fallback: Router) -> Router {
    let mut router = Router::new().fallback_service(fallback);
    if let Some(api) = &shared.config.websocket {
        let shared = Arc::clone(shared);
        let accept = move |request: Request| websocket::accept(Arc::clone(&shared), request);
        router = router.route(&api.path, any(accept));
    }
    let discard_within = shared.limits().close_timeout;
    router = router.layer(map_request(move |request: Request| ready(body::without(request, discard_within))));
    if let Some(api) = &shared.config.http {
        let shared = Arc::clone(shared);
        let handle = any(move |request: Request| http_api::handle(Arc::clone(&shared), request));
        let handle = match &api.cors {
            Some(cors) => handle.layer(cors.layer()),
            None => handle,
        };
        for below in ["", "/", "/{*proxy}"] {
            router = router.route(&format!("{}{below}", api.prefix), handle.clone());
        }
    }
    router
}

/// Serves HTTP/1.1 on one connection, until it ends or becomes a WebSocket.
async fn serve_http<F: Functions>(
    shared: Arc<Shared<F>>,
    router: Router,
    stream: TcpStream,
    (peer, place): (SocketAddr, Place),
) {
    // Small frames must not wait for each other. Without this the connection is slower but works.
    drop(stream.set_nodelay(true));
    let router = TowerToHyperService::new(router);
    let url_bytes_max = shared.limits().http_url_bytes_max;
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        let is_served = is_well_formed(&request, url_bytes_max);
        let served = is_served.then(|| hyper::service::Service::call(&router, request));
        async move {
            match served {
                Some(served) => served.await,
                None => Ok(http_api::bad_request()),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits().header_read_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        // A client that has closed its sending side still gets the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = select! {
        served = connection.as_mut() => served,
        () = Phase::Draining.reached(shared.phase.clone()) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Refuses a connection over the limit with 503.
async fn turn_away(mut stream: TcpStream, limit: Duration) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
        content-length: 33\r\nretry-after: 1\r\nconnection: close\r\n\r\n{\"message\":\"Service Unavailable\"}";
    let answered = async {
        // A connection that is closed while bytes of the client are unread is reset, and the answer is lost.
        let mut request = [0; 4096];
        if stream.read(&mut request).await? == 0 {
            return Ok(());
        }
        stream.write_all(ANSWER).await?;
        stream.shutdown().await
    };
    // A failure is dropped: the client has left.
    drop(timeout(limit, answered).await);
}
