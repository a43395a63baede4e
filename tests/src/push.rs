//! Pushes, as the phones of users would receive them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use crate::group::settled;
use crate::{Answer, Chat, Http, User, fresh, times};

/// Largest payload of both platforms, exclusive. Unit: bytes of JSON.
///
/// Source: Apple, "Generating a remote notification"; Firebase, "About FCM messages".
const PAYLOAD_BYTES_MAX: usize = 4096;

/// First pause between two queries of the pushes; each further pause is twice as long, for the list may be long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Longest pause between two queries of the pushes.
const PAUSE_MAX: Duration = Duration::from_millis(320);

/// A push that was handed to the push service, as the phone reads it.
#[derive(Clone, Debug)]
pub struct Push {
    /// The recipient, `usr_…`.
    pub user: String,
    /// The device, `dev_…`.
    pub device: String,
    /// `apns` or `fcm`.
    pub platform: String,
    /// `message` for an alert, `read` for a clear.
    pub kind: String,
    /// The conversation.
    pub conversation: String,
    /// The position of the message, or the position up to which the user has read.
    pub seq: u64,
    /// The badge.
    pub badge: u64,
    /// The body of the request to the platform.
    pub payload: Value,
    /// The attributes of the publish.
    pub attributes: Value,
    pub sent_at_ms: u64,
}

impl Push {
    /// Parses a push and checks what holds for every push.
    #[track_caller]
    fn read(push: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text: {push}")).to_owned();
        let payload = &push["payload"];
        let bytes = payload.to_string().len();
        assert!(bytes < PAYLOAD_BYTES_MAX, "{bytes} bytes: {push}");
        let platform = text(&push["platform"]);
        let facts = match platform.as_str() {
            "apns" => check_apns(payload),
            "fcm" => check_fcm(payload),
            _ => panic!("an unknown platform: {push}"),
        };
        assert_eq!((&facts["user"], &facts["device"]), (&push["user"], &push["device"]), "{push}");
        let kind = text(&facts["type"]);
        let seq = if kind == "message" { &facts["seq"] } else { &facts["read_seq"] };
        Self {
            user: text(&push["user"]),
            device: text(&push["device"]),
            platform,
            conversation: text(&facts["conversation"]),
            seq: number(seq),
            badge: number(&facts["badge"]),
            kind,
            payload: payload.clone(),
            attributes: push["attributes"].clone(),
            sent_at_ms: push["sent_at_ms"].as_u64().unwrap_or_else(|| panic!("no time: {push}")),
        }
    }

    /// Whether the push is an alert.
    pub fn is_alert(&self) -> bool {
        self.kind == "message"
    }
}

/// Checks what holds for every APNs payload, and returns its part for the app.
#[track_caller]
fn check_apns(payload: &Value) -> &Value {
    let (aps, facts) = (&payload["aps"], &payload["confab"]);
    assert!(aps["badge"].is_u64() && aps["badge"] == facts["badge"], "{payload}");
    assert_eq!(aps["thread-id"], facts["conversation"], "{payload}");
    let is_silent = aps["content-available"] == 1;
    let shows = aps.get("alert").is_some() || aps.get("sound").is_some();
    assert_eq!((is_silent, shows), (facts["type"] == "read", facts["type"] == "message"), "{payload}");
    facts
}

/// Checks what holds for every FCM payload, and returns its part for the app.
#[track_caller]
fn check_fcm(payload: &Value) -> &Value {
    let message = &payload["message"];
    let (facts, android) = (&message["data"], &message["android"]);
    let data = facts.as_object().unwrap_or_else(|| panic!("no data: {payload}"));
    assert!(data.values().all(Value::is_string), "FCM takes strings only: {payload}");
    assert_eq!(android["collapse_key"], facts["conversation"], "{payload}");
    let shows = message.get("notification").is_some() || android.get("notification").is_some();
    assert_eq!((shows, !shows), (facts["type"] == "message", facts["type"] == "read"), "{payload}");
    facts
}

/// A number, which FCM carries as a string.
#[track_caller]
fn number(value: &Value) -> u64 {
    let parsed = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    parsed.unwrap_or_else(|| panic!("no number: {value}"))
}

/// An unused token.
pub fn fresh_token() -> String {
    format!("{:016x}{:016x}", fresh::random(), fresh::random())
}

/// Longest time until an immediate push arrives.
fn deadline() -> Duration {
    times::patience() + times::notified_within()
}

impl User {
    /// Registers a token for this device, with any outcome.
    pub async fn put_push(&self, platform: &str, token: &str) -> Answer {
        let body = json!({"platform": platform, "token": token});
        settled(async || self.http.put("/v1/devices/self/push", &body).await).await
    }

    /// Registers a fresh token for this device, and returns it.
    pub async fn register(&self, platform: &str) -> String {
        let token = fresh_token();
        self.put_push(platform, &token).await.no_content();
        token
    }

    /// Ends the registration of this device.
    pub async fn unregister(&self) {
        settled(async || self.http.delete("/v1/devices/self/push").await).await.no_content();
    }

    /// The platform of each device of the user, from the list of devices.
    pub async fn registered(&self) -> Vec<(String, Option<String>)> {
        let list = self.http.get("/v1/devices").await.ok();
        let devices = list["devices"].as_array().expect("devices").iter();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        devices.map(|device| (text(&device["device"]).expect("an id"), text(&device["push"]))).collect()
    }

    /// The platform of this device.
    pub async fn platform(&self) -> Option<String> {
        let mut devices = self.registered().await;
        devices.retain(|(device, _)| *device == self.device);
        assert_eq!(devices.len(), 1, "not listed once: {devices:?}");
        devices.remove(0).1
    }

    /// The pushes to all devices of the user, oldest first.
    pub async fn pushes(&self) -> Vec<Push> {
        let mut pushes = all_pushes(&self.http).await;
        pushes.retain(|push| push["user"] == self.id);
        pushes.iter().map(Push::read).collect()
    }

    /// The pushes to this device, oldest first.
    pub async fn pushes_here(&self) -> Vec<Push> {
        let mut pushes = self.pushes().await;
        pushes.retain(|push| push.device == self.device);
        pushes
    }

    /// The alert of a message on this device, once it has come.
    pub async fn next_alert(&self, conversation: &str, seq: u64) -> Push {
        self.next_alert_by(Instant::now() + deadline(), conversation, seq).await
    }

    /// The alert of a message on this device, if it comes before `end`.
    pub async fn next_alert_by(&self, end: Instant, conversation: &str, seq: u64) -> Push {
        let what = format!("an alert of {seq} in {conversation}");
        let fits = |push: &Push| push.is_alert() && push.conversation == conversation && push.seq == seq;
        self.next_push(end, &what, fits).await
    }

    /// The clear of a conversation up to a position on this device, once it has come.
    pub async fn next_clearing(&self, conversation: &str, read_seq: u64) -> Push {
        let what = format!("that {conversation} is read up to {read_seq}");
        let fits =
            |push: &Push| !push.is_alert() && push.conversation == conversation && push.seq == read_seq;
        self.next_push(Instant::now() + deadline(), &what, fits).await
    }

    async fn next_push(&self, end: Instant, what: &str, fits: impl Fn(&Push) -> bool) -> Push {
        let mut pause = FIRST_PAUSE;
        loop {
            let pushes = self.pushes_here().await;
            if let Some(push) = pushes.iter().find(|push| fits(push)) {
                return push.clone();
            }
            assert!(Instant::now() < end, "waited for {what}; pushed {pushes:?}");
            sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// Checks that no device of the user gets a push before `end`. The pushes stay in the list.
    pub async fn is_pushed_nothing_until(&self, end: Instant) {
        sleep_until(end).await;
        let pushes = self.pushes().await;
        assert!(pushes.is_empty(), "unexpected: {pushes:?}");
    }

    /// Waits until this device has alerts of these positions of a conversation, and checks that there is one of each
    /// and no other.
    pub async fn is_alerted_to(&self, conversation: &str, seqs: &[u64]) {
        self.next_alerts(conversation, seqs).await;
        self.chat().pushes_settle().await;
        assert_eq!(self.alerts_in(conversation).await, seqs, "{:?}", self.pushes_here().await);
    }

    /// Waits until this device has an alert of each of these positions of a conversation.
    async fn next_alerts(&self, conversation: &str, seqs: &[u64]) {
        let (end, mut pause) = (Instant::now() + deadline(), FIRST_PAUSE);
        loop {
            let alerts = self.alerts_in(conversation).await;
            if seqs.iter().all(|seq| alerts.contains(seq)) {
                return;
            }
            assert!(Instant::now() < end, "waited for {seqs:?} in {conversation}; alerted to {alerts:?}");
            sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// The positions of a conversation with alerts on this device so far, in their order.
    pub async fn alerts_in(&self, conversation: &str) -> Vec<u64> {
        let mut pushes = self.pushes_here().await;
        pushes.retain(|push| push.is_alert() && push.conversation == conversation);
        let mut seqs: Vec<u64> = pushes.iter().map(|push| push.seq).collect();
        seqs.sort_unstable();
        seqs
    }

    /// The clears of a conversation on this device, in their order.
    pub async fn clearings_of(&self, conversation: &str) -> Vec<Push> {
        let mut pushes = self.pushes_here().await;
        pushes.retain(|push| !push.is_alert() && push.conversation == conversation);
        pushes
    }

    /// Checks that no device of the user got a push, after all immediate pushes have been made.
    pub async fn is_pushed_nothing(&self) {
        self.chat().pushes_settle().await;
        let pushes = self.pushes().await;
        assert!(pushes.is_empty(), "unexpected: {pushes:?}");
    }

    /// The expected badge: the unread messages of all conversations that are not muted, from the chat list.
    pub async fn unread_sum(&self) -> u64 {
        let list = self.chat_list().await;
        let unmuted = list.iter().filter(|row| row.get("muted_until_ms").is_none());
        unmuted.map(|row| row["unread_count"].as_u64().expect("a count")).sum()
    }

    /// Waits until no device of the user is connected.
    pub async fn is_gone(&self) {
        let end = Instant::now() + times::offline_within();
        loop {
            let list = self.http.get("/v1/devices").await.ok();
            let devices = list["devices"].as_array().expect("devices");
            if devices.iter().all(|device| device["connected"] == false) {
                return;
            }
            assert!(Instant::now() < end, "still connected: {list}");
            sleep(FIRST_PAUSE).await;
        }
    }

    /// Mutes a conversation until a time; `null` ends the mute.
    pub async fn mute(&self, conversation: &str, muted_until_ms: impl Into<Value>) {
        let (path, body) =
            (format!("/v1/conversations/{conversation}"), json!({"muted_until_ms": muted_until_ms.into()}));
        settled(async || self.http.patch(&path, &body).await).await.ok();
    }
}

/// Two users whose messages show how far the pushes of the server have come.
struct Witness {
    /// Never connected.
    reader: User,
    writer: User,
    /// A group of both.
    group: String,
}

impl Chat {
    /// Waits until all pushes that are due have been made, by waiting for later ones.
    ///
    /// Records of a queue may overtake each other, so there are two rounds.
    pub async fn pushes_settle(&self) {
        let Witness { reader, writer, group } = self.witness().await;
        for _ in 0..2 {
            for conversation in [&writer.dm(&reader), &group] {
                let ack = writer.post_text(conversation, "later").await;
                reader.next_alert(conversation, ack["seq"].as_u64().expect("a position")).await;
            }
        }
    }

    /// The witness of this server, created at its first use: a deployed Confab allows few signups in a row.
    async fn witness(&self) -> Witness {
        static WITNESSES: Mutex<BTreeMap<String, Witness>> = Mutex::const_new(BTreeMap::new());
        let mut witnesses = WITNESSES.lock().await;
        if !witnesses.contains_key(self.http.base()) {
            let [reader, writer] = self.users().await;
            reader.register("apns").await;
            let group = writer.create_group(&[&reader]).await;
            witnesses.insert(self.http.base().to_owned(), Witness { reader, writer, group });
        }
        // A connection belongs to the test that opened it.
        let here = |user: &User| User { http: self.http.with_token(&user.access_token), ..user.clone() };
        let Witness { reader, writer, group } = &witnesses[self.http.base()];
        Witness { reader: here(reader), writer: here(writer), group: group.clone() }
    }

    /// The explanation of a message for each member; only on a local runner.
    pub async fn explanation(&self, conversation: &str, seq: u64) -> Answer {
        self.http.get(&format!("/dev/pushes/{conversation}/{seq}")).await
    }
}

/// All pushes to all users, oldest first.
///
/// Source: the runner, or the recorder that a deployed Confab uses in place of the platforms: `CONFAB_TEST_PUSHES_URL`.
#[expect(clippy::disallowed_methods, reason = "where the pushes are is the caller's to say")]
async fn all_pushes(http: &Http) -> Vec<Value> {
    let answer = match std::env::var("CONFAB_TEST_PUSHES_URL") {
        Ok(url) => Http::new(&url).get("").await,
        Err(_) => http.anonymous().get("/dev/pushes").await,
    };
    answer.ok()["pushes"].as_array().expect("pushes").clone()
}
