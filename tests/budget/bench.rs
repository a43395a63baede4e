//! The functions over a metered store, without a gateway: events go in, answers come out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use confab_app::ports::{Account, Devices, PasswordHash, Users};
use confab_app::send_message::Writer;
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, DeviceId, FamilyId, Timestamp, UserId};
use confab_embedded_aws::{
    DynamoDb, EmbeddedAws, Meter, Service, ServiceFuture, ServiceRequest, ServiceResponse, signing_name,
};
use confab_gateway_apigw::Gateway;
use confab_lambda::websocket::{Event, Response};
use confab_store_dynamodb::{Store, Tables};
use serde_json::{Value, json};
use ulid::Ulid;

const POLICY: HeartbeatPolicy = HeartbeatPolicy {
    interval: std::time::Duration::from_secs(10),
    timeout: std::time::Duration::from_secs(30),
};

pub(crate) struct Bench {
    pub(crate) meter: Meter,
    posts: Arc<AtomicUsize>,
    store: Store,
    send: send::Send,
    sync: sync::Sync,
    heartbeat: heartbeat::Heartbeat,
    connect: connect::Connect,
}

/// A user with one connected device.
pub(crate) struct User {
    id: UserId,
    n: u128,
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

/// `@connections` that takes every post.
struct Posts(Arc<AtomicUsize>);

impl Service for Posts {
    fn call(&self, _: ServiceRequest) -> ServiceFuture {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(ServiceResponse::default()))
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let (meter, posts) = (Meter::default(), Arc::new(AtomicUsize::new(0)));
        let aws = EmbeddedAws::builder()
            .service(signing_name::DYNAMODB, DynamoDb::in_memory().expect("a database"))
            .service(signing_name::EXECUTE_API, Posts(Arc::clone(&posts)))
            .meter(meter.clone())
            .build();
        let credentials = Credentials::new("test", "test", None, None, "test");
        let client = aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials.clone())
                .http_client(aws.http_client())
                .build(),
        );
        let management = aws_sdk_apigatewaymanagement::Client::from_conf(
            aws_sdk_apigatewaymanagement::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials)
                .endpoint_url("http://connections.invalid/test")
                .http_client(aws.http_client())
                .build(),
        );
        let tables = Tables::with_prefix("test-");
        tables.create_missing(&client).await.expect("tables");
        let (store, gateway) = (Store::new(client, tables), Gateway::new(management));
        Self {
            send: send::Send { store: store.clone(), gateway: gateway.clone(), writer: Writer::default() },
            sync: sync::Sync {
                store: store.clone(),
                gateway: gateway.clone(),
                retention: Retention::FOR_EVER,
            },
            heartbeat: heartbeat::Heartbeat { store: store.clone(), policy: POLICY },
            connect: connect::Connect { store: store.clone(), gateway: gateway.clone(), heartbeat: POLICY },
            meter,
            posts,
            store,
        }
    }

    /// As if the next send met an environment that has just started.
    pub(crate) fn forget_warm_state(&mut self) {
        self.send.writer = Writer::default();
    }

    /// Begins to count posts anew.
    pub(crate) fn forget_posts(&self) {
        self.posts.store(0, Ordering::SeqCst);
    }

    pub(crate) fn posts(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }

    /// Makes an account with one device.
    pub(crate) async fn sign_in(&self, n: u128) {
        let (user, now) = (UserId::new(Ulid(n)), Timestamp::from_ms(1));
        let handle = Handle::parse(&format!("user_{n}")).expect("a handle");
        let account = Account {
            profile: Profile { user, handle, display_name: "A user".to_owned(), avatar: None },
            password_hash: PasswordHash("none".to_owned()),
            created_at: now,
        };
        let device = Device {
            user,
            device: DeviceId::new(Ulid(n)),
            family: FamilyId::new(Ulid(n)),
            generation: 0,
            name: None,
            platform: None,
            created_at: now,
            last_active_at: now,
        };
        self.store.create_user(&account, &device).await.expect("an account");
        assert!(self.store.device(user, device.device).await.expect("a store").is_some());
    }

    pub(crate) async fn connect(&self, n: u128, connection: &str) {
        let response = self.connect.handle(event(n, connection, "$connect", "CONNECT", None)).await;
        assert_eq!(response.status_code, 200);
    }

    /// Sends a message and gives its conversation.
    pub(crate) async fn send(&self, from: &User, to: &User, id: &str, text: &str) -> String {
        let frame = json!({"action": "send", "id": id, "to": to.id.to_string(), "text": text});
        let answer = frame_of(self.send.handle(message(from, "send", &frame)).await);
        assert_eq!(answer["type"], "ack", "{answer}");
        assert_eq!(answer["duplicate"], false);
        let conversation = ConversationId::dm(from.id, to.id).expect("two users");
        assert_eq!(answer["conversation"], conversation.to_string());
        conversation.to_string()
    }

    pub(crate) async fn sync(&self, user: &User, cursors: Value) -> Value {
        let frame = json!({"action": "sync", "id": "s", "cursors": cursors});
        frame_of(self.sync.handle(message(user, "sync", &frame)).await)
    }

    pub(crate) async fn heartbeat(&self, user: &User) -> Value {
        frame_of(self.heartbeat.handle(message(user, "heartbeat", &json!({"action": "heartbeat"}))).await)
    }
}

fn message(user: &User, route: &str, frame: &Value) -> Event {
    event(user.n, &user.connection, route, "MESSAGE", Some(frame.to_string()))
}

fn event(n: u128, connection: &str, route: &str, kind: &str, body: Option<String>) -> Event {
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

fn frame_of(response: Response) -> Value {
    serde_json::from_str(&response.body.expect("a frame")).expect("JSON")
}
