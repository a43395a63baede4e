//! A gateway, a test double of its functions, and a client.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest as WebsocketEvent;
use axum::Router;
use bytes::Bytes;
use confab_local_gateway::{
    Connections, Functions, Gateway, GatewayConfig, HttpApi, InvokeError, Limits, Route, WebSocketApi,
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Mutex, Notify, Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest as _,
        handshake::client::Response,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

/// Time after which a wait of a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn patiently<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("the test waited for something that never happened")
}

/// Behaviour of a function when it is invoked.
pub(crate) enum Plan {
    Answer(Value),
    Fail(&'static str),
    Panic,
    /// Answers when the gate has a permit, and keeps the permit.
    Wait(Gate, Value),
    Never,
}

pub(crate) fn ok() -> Plan {
    Plan::Answer(json!({"statusCode": 200}))
}

pub(crate) fn echo(event: &Value) -> Plan {
    Plan::Answer(json!({"statusCode": 200, "body": event["body"]}))
}

pub(crate) type Gate = Arc<Semaphore>;

pub(crate) fn closed_gate() -> Gate {
    Arc::new(Semaphore::new(0))
}

type Script = dyn Fn(&str, &Value) -> Plan + Send + Sync;

/// An invocation, as the function received it.
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) event: Value,
}

impl Call {
    pub(crate) fn websocket(&self) -> WebsocketEvent {
        serde_json::from_value(self.event.clone()).unwrap()
    }

    pub(crate) fn connection_id(&self) -> String {
        self.event["requestContext"]["connectionId"].as_str().unwrap().to_owned()
    }
}

struct Double {
    calls: mpsc::UnboundedSender<Call>,
    running: Arc<Running>,
    script: Box<Script>,
}

impl Functions for Double {
    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        let event: Value = serde_json::from_slice(&event).unwrap();
        let plan = (self.script)(function, &event);
        // A test that has ended its checks drops the receiver.
        drop(self.calls.send(Call { function: function.to_owned(), event }));
        let _running = self.running.enter();
        match plan {
            Plan::Answer(answer) => Ok(answer.to_string().into()),
            Plan::Fail(message) => Err(InvokeError::Failed { message: message.to_owned() }),
            Plan::Panic => panic!("a secret"),
            Plan::Wait(gate, answer) => {
                gate.acquire().await.unwrap().forget();
                drop(self.calls.send(Call { function: format!("end of {function}"), event: Value::Null }));
                Ok(answer.to_string().into())
            }
            Plan::Never => std::future::pending().await,
        }
    }
}

/// Counts the functions that run.
#[derive(Default)]
pub(crate) struct Running {
    current: AtomicUsize,
    most: AtomicUsize,
}

struct Guard(Arc<Running>);

impl Running {
    fn enter(self: &Arc<Self>) -> Guard {
        let current = self.current.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(current, Ordering::SeqCst);
        Guard(Arc::clone(self))
    }

    /// Largest number of functions that ran at the same time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.current.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A gateway that serves.
pub(crate) struct Stack {
    pub(crate) addr: SocketAddr,
    pub(crate) connections: Connections,
    pub(crate) running: Arc<Running>,
    calls: Mutex<mpsc::UnboundedReceiver<Call>>,
    shutdown: Arc<Notify>,
    served: JoinHandle<()>,
}

/// The routes that tests use; functions are named like their routes.
pub(crate) fn config() -> GatewayConfig {
    let routes = vec![
        Route::new("$connect", "connect"),
        Route::new("$disconnect", "disconnect"),
        Route::new("$default", "default").answering(),
        Route::new("send", "send").answering(),
        Route::new("quiet", "quiet"),
    ];
    GatewayConfig {
        websocket: Some(WebSocketApi::new("/ws", routes)),
        http: Some(HttpApi::new("/v1", "api")),
        limits: Limits { close_timeout: Duration::from_millis(200), ..Limits::default() },
        ..GatewayConfig::default()
    }
}

impl Stack {
    pub(crate) async fn start(
        config: GatewayConfig,
        script: impl Fn(&str, &Value) -> Plan + Send + Sync + 'static,
    ) -> Self {
        Self::start_before(Router::new(), config, script).await
    }

    /// Starts a gateway that leaves other paths to `fallback`.
    pub(crate) async fn start_before(
        fallback: Router,
        config: GatewayConfig,
        script: impl Fn(&str, &Value) -> Plan + Send + Sync + 'static,
    ) -> Self {
        let gateway = Gateway::bind(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let gateway = gateway.with_fallback(fallback);
        let (addr, connections) = (gateway.local_addr(), gateway.connections());
        let (sender, calls) = mpsc::unbounded_channel();
        let running = Arc::new(Running::default());
        let functions = Double { calls: sender, running: Arc::clone(&running), script: Box::new(script) };
        let shutdown = Arc::new(Notify::new());
        let asked = Arc::clone(&shutdown);
        let served = tokio::spawn(async move { gateway.serve(functions, asked.notified()).await });
        Self { addr, connections, running, calls: Mutex::new(calls), shutdown, served }
    }

    /// Functions that echo, and admit every handshake.
    pub(crate) async fn echoing() -> Self {
        Self::start(config(), |_, event| echo(event)).await
    }

    /// Waits for the next invocation.
    pub(crate) async fn call(&self) -> Call {
        patiently(async { self.calls.lock().await.recv().await.unwrap() }).await
    }

    /// Waits for the next invocation, which has to be of this function.
    pub(crate) async fn call_of(&self, function: &str) -> Call {
        let call = self.call().await;
        assert_eq!(call.function, function);
        call
    }

    /// Whether there was an invocation that no `call` has returned.
    pub(crate) async fn was_called(&self) -> bool {
        self.calls.lock().await.try_recv().is_ok()
    }

    pub(crate) async fn connect(&self) -> Client {
        self.try_connect("/ws", &[]).await.unwrap().0
    }

    /// A client and its connection id.
    pub(crate) async fn connect_known(&self) -> (Client, String) {
        let client = self.connect().await;
        (client, self.call_of("connect").await.connection_id())
    }

    pub(crate) async fn try_connect(
        &self,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<(Client, Response), tungstenite::Error> {
        let mut request = format!("ws://{}{path}", self.addr).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, http::HeaderValue::from_static(value));
        }
        let stream = TcpStream::connect(self.addr).await.unwrap();
        let (socket, response) = patiently(client_async(request, stream)).await?;
        Ok((Client { socket }, response))
    }

    /// Status and body of a refused handshake.
    pub(crate) async fn refused(&self, path: &str) -> (u16, String) {
        let Err(tungstenite::Error::Http(response)) = self.try_connect(path, &[]).await else {
            panic!("the handshake was not refused");
        };
        let body = response.body().as_deref().unwrap_or_default();
        (response.status().as_u16(), String::from_utf8_lossy(body).into_owned())
    }

    /// Sends bytes over a new TCP connection and reads up to its end.
    pub(crate) async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut response = Vec::new();
        patiently(stream.read_to_end(&mut response)).await.unwrap();
        String::from_utf8_lossy(&response).into_owned()
    }

    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.notify_one();
    }

    pub(crate) async fn until_served(self) {
        patiently(self.served).await.unwrap();
    }
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_raw(
        &mut self,
        kind: Data,
        payload: &[u8],
        is_final: bool,
    ) -> Result<(), tungstenite::Error> {
        let frame = Frame::message(payload.to_vec(), OpCode::Data(kind), is_final);
        self.socket.send(Message::Frame(frame)).await
    }

    /// The next message that is not a control frame.
    pub(crate) async fn next(&mut self) -> Message {
        patiently(async {
            loop {
                let message = self.socket.next().await.unwrap().unwrap();
                if !message.is_ping() && !message.is_pong() {
                    return message;
                }
            }
        })
        .await
    }

    pub(crate) async fn text(&mut self) -> String {
        self.next().await.into_text().unwrap().to_string()
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Code with which the gateway closes.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let message = self.next().await;
        let Message::Close(Some(frame)) = message else {
            panic!("not a close frame with a code: {message:?}");
        };
        frame.code.into()
    }

    /// Asserts that the socket still works.
    pub(crate) async fn is_alive(&mut self) {
        self.send(r#"{"action":"send","alive":true}"#).await;
        assert_eq!(self.text().await, r#"{"action":"send","alive":true}"#);
    }
}
