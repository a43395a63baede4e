//! The functions over a metered store, without a gateway: events go in, answers come out.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_app::delivery::typing::Typists;
use confab_app::messages::send_message::Writer;
use confab_app::ports::{Account, Connection, Devices, PasswordHash, Sessions, Users};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::push_sns::{Applications, SnsPush};
use confab_aws::queue_sqs::{SqsFanOutQueue, SqsPushQueue};
use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retention::Retention;
use confab_domain::{Attendance, ConnectionId, ConversationId, DeviceId, FamilyId, Timestamp, UserId};
use confab_embedded_aws::{Access, Audit, DynamoDb, EmbeddedAws, Meter, Sqs, signing_name};
use confab_lambda::websocket::{Event, Response};
use confab_lambda::{clock, sleeper};
use confab_store_dynamodb::{Store, Tables};
use serde_json::{Value, json};
use tower::ServiceExt;
use ulid::Ulid;

use crate::clients::{Clients, TABLE_PREFIX, limiter};
use crate::posts::Posts;
use crate::push_bench::Pushes;
use crate::queue_bench::Queue;
use crate::stalls::Stalls;

pub(crate) const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

pub(crate) struct Bench {
    pub(crate) meter: Meter,
    /// Delays and failures of the stores and queues.
    pub(crate) stalls: Stalls,
    pub(crate) posts: Posts,
    pub(crate) store: Store,
    pub(crate) gateway: Gateway,
    pub(crate) queue: SqsFanOutQueue,
    pub(crate) phones: SnsPush,
    pub(crate) push_queue: SqsPushQueue,
    pub(crate) send: send::SendFunction,
    pub(crate) sync: sync::SyncFunction,
    pub(crate) heartbeat: heartbeat::HeartbeatFunction,
    pub(crate) connect: connect::ConnectFunction,
    pub(crate) disconnect: disconnect::DisconnectFunction,
    pub(crate) api: Router,
    pub(crate) fan_out: fan_out::FanOutFunction,
    pub(crate) presence: presence::PresenceFunction,
    pub(crate) push: push::PushFunction,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    /// The published pushes.
    pub(crate) pushes: Pushes,
    pub(crate) fan_out_queue: Queue,
    pub(crate) presence_queue: Queue,
    pub(crate) pushes_queue: Queue,
    audit: Audit,
    pub(crate) clients: Clients,
    pub(crate) applications: Applications,
}

/// A user with one connected device.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) n: u128,
    connection: String,
}

impl User {
    pub(crate) async fn new(bench: &Bench, n: u128) -> Self {
        bench.sign_in(n).await;
        let connection = format!("c{n}=");
        bench.connect(n, &connection).await;
        Self { id: UserId::new(Ulid(n)), n, connection }
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::keeping(Retention::FOR_EVER).await
    }

    /// A bench whose messages are kept for so long.
    pub(crate) async fn keeping(retention: Retention) -> Self {
        let (meter, audit, posts, pushes): (Meter, Audit, Posts, Pushes) = Default::default();
        let stalls = Stalls::default();
        let aws = EmbeddedAws::builder()
            .service(signing_name::DYNAMODB, stalls.of(DynamoDb::in_memory().expect("a database")))
            .service(signing_name::EXECUTE_API, posts.clone())
            .service(signing_name::SQS, stalls.of(Sqs::in_memory(1)))
            .service(signing_name::SNS, pushes.clone())
            .meter(meter.clone())
            .audit(audit.clone())
            .build();
        let clients = Clients { aws, tables: Tables::with_prefix(TABLE_PREFIX) };
        clients.tables.create_missing(&clients.dynamodb("bench")).await.expect("tables");
        let fan_out_queue = clients.make_queue("fan-out").await;
        let presence_queue = clients.make_queue("presence").await;
        let pushes_queue = clients.make_queue("push").await;
        let applications = clients.make_applications().await;
        let url = fan_out_queue.url.clone();
        let watching = |caller: &str| clients.presence(caller, &presence_queue.url);
        let writer = || Writer::new(retention, sleeper::sleeper());
        Self {
            send: send::SendFunction {
                store: clients.store("send"),
                gateway: clients.gateway("send"),
                queue: clients.queue("send", &url),
                push: clients.push_queue("send", &pushes_queue),
                presence: watching("send"),
                writer: writer(),
                limiter: limiter(),
            },
            sync: sync::SyncFunction {
                store: clients.store("sync"),
                gateway: clients.gateway("sync"),
                push: clients.push_queue("sync", &pushes_queue),
                presence: watching("sync"),
                retention,
                typists: Typists::default(),
                limiter: limiter(),
            },
            heartbeat: clients.heartbeat(watching("heartbeat")),
            connect: clients.connect(watching("connect")),
            disconnect: disconnect::DisconnectFunction { store: clients.store("disconnect") },
            api: clients.api(&url, (&pushes_queue, &applications), watching("api"), writer(), limiter()),
            fan_out: clients.fan_out(&fan_out_queue, &pushes_queue),
            presence: clients.watcher(&presence_queue, &pushes_queue),
            push: clients.push(&pushes_queue, &applications, retention),
            dynamodb: clients.dynamodb("bench"),
            sns: clients.sns("bench"),
            phones: clients.phones("bench", &applications),
            push_queue: clients.push_queue("bench", &pushes_queue),
            sqs: clients.sqs("bench"),
            store: clients.store("bench"),
            gateway: clients.gateway("bench"),
            queue: clients.queue("bench", &url),
            fan_out_queue,
            presence_queue,
            pushes_queue,
            pushes,
            meter,
            stalls,
            posts,
            audit,
            clients,
            applications,
        }
    }

    /// Resets the count of posts.
    pub(crate) fn forget_posts(&self) {
        self.posts.forget();
    }

    pub(crate) fn posts(&self) -> usize {
        self.posts.count()
    }

    /// The number of attempted posts to a connection.
    pub(crate) fn posts_to(&self, connection: &str) -> usize {
        self.posts.count_of(&http::Method::POST, connection)
    }

    /// The number of attempts to close a connection.
    pub(crate) fn closes_of(&self, connection: &str) -> usize {
        self.posts.count_of(&http::Method::DELETE, connection)
    }

    /// Makes a table unreachable from now on.
    pub(crate) async fn loses_table(&self, name: &str) {
        let table = format!("{TABLE_PREFIX}{name}");
        self.dynamodb.delete_table().table_name(table).send().await.expect("a table");
    }

    /// Creates an account with one device.
    pub(crate) async fn sign_in(&self, n: u128) {
        let (user, now) = (UserId::new(Ulid(n)), Timestamp::from_ms(1));
        let handle = Handle::parse(&format!("user_{n}")).expect("a handle");
        let account = Account {
            profile: Profile { user, handle, display_name: "A user".to_owned(), avatar: None },
            password_hash: PasswordHash("none".to_owned()),
            password_changes: 0,
            created_at: now,
            group_adds: GroupAdds::default(),
        };
        let device = Device {
            user,
            device: DeviceId::new(Ulid(n)),
            family: FamilyId::new(Ulid(n)),
            generation: 0,
            rotation: None,
            name: None,
            platform: None,
            push: None,
            created_at: now,
            last_active_at: now,
        };
        self.store.create_user(&account, &device, None).await.expect("an account");
        assert!(self.store.device(user, device.device).await.expect("a store").is_some());
    }

    pub(crate) async fn connect(&self, n: u128, connection: &str) {
        let response = self.connect.handle(event(n, connection, "$connect", "CONNECT", None)).await;
        assert_eq!(response.status_code, 200);
    }

    pub(crate) async fn disconnect(&self, n: u128, connection: &str) {
        self.disconnect.handle(event(n, connection, "$disconnect", "DISCONNECT", None)).await;
    }

    /// Registers a connection that was opened an hour ago.
    pub(crate) async fn has_old_connection(&self, user: &User, id: &str) {
        let (device, opened_at) = (DeviceId::new(Ulid(user.n)), an_hour_ago());
        let connection = Connection {
            id: ConnectionId::new(id),
            device,
            family: None,
            opened_at,
            attendance: Attendance::Unstated,
        };
        self.store.open_connection(user.id, &connection, clock::now()).await.expect("a store");
    }

    /// Registers a connection of a login.
    pub(crate) async fn connects_as(&self, session: &Value, id: &str) {
        let text = |name: &str| session[name].as_str().expect("a field of a session");
        let connection = Connection {
            id: ConnectionId::new(id),
            device: text("device").parse().expect("a device"),
            family: None,
            opened_at: an_hour_ago(),
            attendance: Attendance::Unstated,
        };
        let user = text("user").parse().expect("a user");
        self.store.open_connection(user, &connection, clock::now()).await.expect("a store");
    }

    /// Connects with an access token in the header, as the authorizer passes it on.
    pub(crate) async fn connects_by_access_token(&self, session: &Value, id: &str) {
        let token = session["access_token"].as_str().expect("a token");
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        let mut event = event(0, id, "$connect", "CONNECT", None);
        event.request_context.authorizer = [
            ("user", claims["sub"].clone()),
            ("device", claims["device"].clone()),
            ("family", claims["family"].clone()),
            ("generation", claims["generation"].to_string().into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        assert_eq!(self.connect.handle(event).await.status_code, 200);
    }

    /// Registers a connection that was opened an hour ago, on a device that has no other data.
    pub(crate) async fn has_old_connection_of_another_device(&self, user: UserId, id: &str) {
        let (device, opened_at) = (DeviceId::new(Ulid(77)), an_hour_ago());
        let connection = Connection {
            id: ConnectionId::new(id),
            device,
            family: None,
            opened_at,
            attendance: Attendance::Unstated,
        };
        self.store.open_connection(user, &connection, clock::now()).await.expect("a store");
    }

    /// Connects, and sends a frame of each kind, with a login that has ended. Each is answered, and the socket is
    /// closed.
    pub(crate) async fn is_logged_out(&self, n: u128) {
        let response = self.connect.handle(event(n, "c=", "$connect", "CONNECT", None)).await;
        assert_eq!(response.status_code, 401);
        let frame = |route: &str, frame: Value| event(n, "c=", route, "MESSAGE", Some(frame.to_string()));
        let send =
            json!({"action": "send", "id": "m1", "to": UserId::new(Ulid(1)).to_string(), "text": "hi"});
        for act in 0..3 {
            self.forget_posts();
            let response = match act {
                0 => self.heartbeat.handle(frame("heartbeat", json!({"action": "heartbeat"}))).await,
                1 => self.send.handle(frame("send", send.clone())).await,
                _ => self.sync.handle(frame("sync", json!({"id": "s", "cursors": {}}))).await,
            };
            assert_eq!((response.status_code, response.body), (200, None));
            assert_eq!(self.posts(), 2, "an error and the reason for the close");
        }
    }

    /// The calls of each function to AWS so far.
    pub(crate) fn accesses(&self) -> BTreeSet<Access> {
        self.audit.accesses()
    }

    /// Sends a frame to the `sync` function: `history`, `read` and others.
    pub(crate) async fn ask(&self, user: &User, route: &str, frame: &Value) -> Option<Value> {
        let response = self.sync.handle(message(user, route, frame)).await;
        response.body.map(|body| serde_json::from_str(&body).expect("JSON"))
    }

    /// Calls the HTTP API; returns the status and the body.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_string()))
            .expect("a request");
        let response = self.api.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Creates an account over HTTP; returns the session.
    pub(crate) async fn signs_up(&self, handle: &str) -> Value {
        let signup = json!({"handle": handle, "password": "correct horse"});
        let (status, session) = self.call("POST", "/v1/signup", "", signup).await;
        assert_eq!(status, 201, "{session}");
        session
    }

    /// Sends a message; returns its conversation.
    pub(crate) async fn send(&self, from: &User, to: &User, id: &str, text: &str) -> String {
        let frame = json!({"action": "send", "id": id, "to": to.id.to_string(), "text": text});
        let answer = frame_of(self.send.handle(message(from, "send", &frame)).await);
        assert_eq!(answer["type"], "ack", "{answer}");
        assert_eq!(answer["duplicate"], false);
        let conversation = ConversationId::dm(from.id, to.id).expect("two users");
        assert_eq!(answer["conversation"], conversation.to_string());
        conversation.to_string()
    }

    /// Like [`Bench::send`], but returns any answer.
    pub(crate) async fn try_send(&self, from: &User, to: &User, id: &str, text: &str) -> Value {
        let frame = json!({"action": "send", "id": id, "to": to.id.to_string(), "text": text});
        frame_of(self.send.handle(message(from, "send", &frame)).await)
    }

    pub(crate) async fn sync(&self, user: &User, cursors: Value) -> Value {
        let frame = json!({"action": "sync", "id": "s", "cursors": cursors});
        frame_of(self.sync.handle(message(user, "sync", &frame)).await)
    }

    pub(crate) async fn heartbeat(&self, user: &User) -> Value {
        self.beats(user, &json!({"action": "heartbeat"})).await
    }

    /// Sends this frame as a heartbeat.
    pub(crate) async fn beats(&self, user: &User, frame: &Value) -> Value {
        frame_of(self.heartbeat.handle(message(user, "heartbeat", frame)).await)
    }
}

pub(crate) fn message(user: &User, route: &str, frame: &Value) -> Event {
    event(user.n, &user.connection, route, "MESSAGE", Some(frame.to_string()))
}

/// Old enough for the connection to count as open, and young enough for a WebSocket's longest life.
fn an_hour_ago() -> Timestamp {
    clock::now().minus(Duration::from_secs(3600))
}

pub(crate) fn event(n: u128, connection: &str, route: &str, kind: &str, body: Option<String>) -> Event {
    let authorizer = json!({
        "user": UserId::new(Ulid(n)).to_string(),
        "device": DeviceId::new(Ulid(n)).to_string(),
        "family": FamilyId::new(Ulid(n)).to_string(),
    });
    let context = json!({
        "routeKey": route, "eventType": kind, "connectionId": connection, "authorizer": authorizer,
    });
    let event = json!({"requestContext": context, "body": body, "isBase64Encoded": false});
    serde_json::from_value(event).expect("an event")
}

pub(crate) fn frame_of(response: Response) -> Value {
    serde_json::from_str(&response.body.expect("a frame")).expect("JSON")
}
