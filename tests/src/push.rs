//! Pushes, as the phones of users would get them.

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

/// Between the first two looks at what was pushed; each further pause is twice as long, for the list may be long.
const FIRST_LOOK: Duration = Duration::from_millis(20);

/// Between any two looks at what was pushed, at most.
const LOOK_MAX: Duration = Duration::from_millis(320);

/// A push that was handed to the push service, as the phone reads it.
#[derive(Clone, Debug)]
pub struct Push {
    /// `usr_…`, for whom.
    pub user: String,
    /// `dev_…`, on which device.
    pub device: String,
    /// `apns` or `fcm`.
    pub platform: String,
    /// `message`, or `read` for a silent one.
    pub kind: String,
    /// Of which conversation.
    pub conversation: String,
    /// The message's position, or up to which the user has read.
    pub seq: u64,
    /// The number on the app's icon.
    pub badge: u64,
    /// The body of the request to the platform.
    pub payload: Value,
    /// What the push service was told beside it.
    pub attributes: Value,
    pub sent_at_ms: u64,
}

impl Push {
    /// Reads a push and checks what holds for all of them.
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

    /// Whether it shows something.
    pub fn is_alert(&self) -> bool {
        self.kind == "message"
    }
}

/// Checks what holds for everything that APNs is sent, and gives what it says to the app.
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

/// Checks what holds for everything that FCM is sent, and gives what it says to the app.
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

/// A number, which FCM is told as a text.
#[track_caller]
fn number(value: &Value) -> u64 {
    let parsed = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    parsed.unwrap_or_else(|| panic!("no number: {value}"))
}

/// A token that no other device has.
pub fn fresh_token() -> String {
    format!("{:016x}{:016x}", fresh::random(), fresh::random())
}

/// How long a push may take that is on its way at once.
fn deadline() -> Duration {
    times::patience() + times::notified_within()
}

impl User {
    /// Has the pushes of this device go to a token, whatever comes of it.
    pub async fn put_push(&self, platform: &str, token: &str) -> Answer {
        let body = json!({"platform": platform, "token": token});
        settled(async || self.http.put("/v1/devices/self/push", &body).await).await
    }

    /// Has the pushes of this device go to a token of its own, and gives that.
    pub async fn register(&self, platform: &str) -> String {
        let token = fresh_token();
        self.put_push(platform, &token).await.no_content();
        token
    }

    /// Has no more pushes go to this device.
    pub async fn unregister(&self) {
        settled(async || self.http.delete("/v1/devices/self/push").await).await.no_content();
    }

    /// By which platform each device of the user is reached, as the list of devices shows it.
    pub async fn registered(&self) -> Vec<(String, Option<String>)> {
        let list = self.http.get("/v1/devices").await.ok();
        let devices = list["devices"].as_array().expect("devices").iter();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        devices.map(|device| (text(&device["device"]).expect("an id"), text(&device["push"]))).collect()
    }

    /// By which platform this device is reached.
    pub async fn platform(&self) -> Option<String> {
        let mut devices = self.registered().await;
        devices.retain(|(device, _)| *device == self.device);
        assert_eq!(devices.len(), 1, "not listed once: {devices:?}");
        devices.remove(0).1
    }

    /// What was pushed to all devices of the user, oldest first.
    pub async fn pushes(&self) -> Vec<Push> {
        let mut pushes = all_pushes(&self.http).await;
        pushes.retain(|push| push["user"] == self.id);
        pushes.iter().map(Push::read).collect()
    }

    /// What was pushed to this device, oldest first.
    pub async fn pushes_here(&self) -> Vec<Push> {
        let mut pushes = self.pushes().await;
        pushes.retain(|push| push.device == self.device);
        pushes
    }

    /// The alert of a message on this device, once it is there.
    pub async fn next_alert(&self, conversation: &str, seq: u64) -> Push {
        self.next_alert_by(Instant::now() + deadline(), conversation, seq).await
    }

    /// The alert of a message on this device, if it comes before a time.
    pub async fn next_alert_by(&self, end: Instant, conversation: &str, seq: u64) -> Push {
        let what = format!("an alert of {seq} in {conversation}");
        let fits = |push: &Push| push.is_alert() && push.conversation == conversation && push.seq == seq;
        self.next_push(end, &what, fits).await
    }

    /// The silent push to this device that tells how far the user has read, once it is there.
    pub async fn next_clearing(&self, conversation: &str, read_seq: u64) -> Push {
        let what = format!("that {conversation} is read up to {read_seq}");
        let fits =
            |push: &Push| !push.is_alert() && push.conversation == conversation && push.seq == read_seq;
        self.next_push(Instant::now() + deadline(), &what, fits).await
    }

    async fn next_push(&self, end: Instant, what: &str, fits: impl Fn(&Push) -> bool) -> Push {
        let mut pause = FIRST_LOOK;
        loop {
            let pushes = self.pushes_here().await;
            if let Some(push) = pushes.iter().find(|push| fits(push)) {
                return push.clone();
            }
            assert!(Instant::now() < end, "waited for {what}; pushed {pushes:?}");
            sleep(pause).await;
            pause = LOOK_MAX.min(pause * 2);
        }
    }

    /// Checks that no device of the user is pushed anything until a time. What was pushed stays in the list.
    pub async fn is_pushed_nothing_until(&self, end: Instant) {
        sleep_until(end).await;
        let pushes = self.pushes().await;
        assert!(pushes.is_empty(), "unexpected: {pushes:?}");
    }

    /// Waits until this device was alerted to these positions of a conversation, and checks that it was to no others, and
    /// to each once.
    pub async fn is_alerted_to(&self, conversation: &str, seqs: &[u64]) {
        self.next_alerts(conversation, seqs).await;
        self.chat().pushes_settle().await;
        assert_eq!(self.alerts_in(conversation).await, seqs, "{:?}", self.pushes_here().await);
    }

    /// Waits until this device was alerted to each of these positions of a conversation.
    async fn next_alerts(&self, conversation: &str, seqs: &[u64]) {
        let (end, mut pause) = (Instant::now() + deadline(), FIRST_LOOK);
        loop {
            let alerts = self.alerts_in(conversation).await;
            if seqs.iter().all(|seq| alerts.contains(seq)) {
                return;
            }
            assert!(Instant::now() < end, "waited for {seqs:?} in {conversation}; alerted to {alerts:?}");
            sleep(pause).await;
            pause = LOOK_MAX.min(pause * 2);
        }
    }

    /// The positions of a conversation that this device was alerted to so far, in their order.
    pub async fn alerts_in(&self, conversation: &str) -> Vec<u64> {
        let mut pushes = self.pushes_here().await;
        pushes.retain(|push| push.is_alert() && push.conversation == conversation);
        let mut seqs: Vec<u64> = pushes.iter().map(|push| push.seq).collect();
        seqs.sort_unstable();
        seqs
    }

    /// How far this device was told that a conversation is read, in the order of the silent pushes.
    pub async fn clearings_of(&self, conversation: &str) -> Vec<Push> {
        let mut pushes = self.pushes_here().await;
        pushes.retain(|push| !push.is_alert() && push.conversation == conversation);
        pushes
    }

    /// Checks that no device of the user was pushed anything, now that whatever was to be pushed is.
    pub async fn is_pushed_nothing(&self) {
        self.chat().pushes_settle().await;
        let pushes = self.pushes().await;
        assert!(pushes.is_empty(), "unexpected: {pushes:?}");
    }

    /// What the app's icon should show: unread messages of all conversations that are not muted, by the chat list.
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
            sleep(FIRST_LOOK).await;
        }
    }

    /// Mutes a conversation until a time; `null` ends that.
    pub async fn mute(&self, conversation: &str, muted_until_ms: impl Into<Value>) {
        let (path, body) =
            (format!("/v1/conversations/{conversation}"), json!({"muted_until_ms": muted_until_ms.into()}));
        settled(async || self.http.patch(&path, &body).await).await.ok();
    }
}

/// Two who write and wait only to see how far pushes are.
struct Witness {
    /// Always away.
    reader: User,
    writer: User,
    /// A group of both.
    group: String,
}

impl Chat {
    /// Waits until whatever was to be pushed at once is pushed, going by pushes that were asked for later.
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

    /// The one of this server, made when it is first needed: where Confab is deployed, few may sign up at once.
    async fn witness(&self) -> Witness {
        static WITNESSES: Mutex<BTreeMap<String, Witness>> = Mutex::const_new(BTreeMap::new());
        let mut witnesses = WITNESSES.lock().await;
        if !witnesses.contains_key(self.http.base()) {
            let [reader, writer] = self.users().await;
            reader.register("apns").await;
            let group = writer.create_group(&[&reader]).await;
            witnesses.insert(self.http.base().to_owned(), Witness { reader, writer, group });
        }
        // Connections are of the test that made them.
        let here = |user: &User| User { http: self.http.with_token(&user.access_token), ..user.clone() };
        let Witness { reader, writer, group } = &witnesses[self.http.base()];
        Witness { reader: here(reader), writer: here(writer), group: group.clone() }
    }

    /// What became of a message for each member; for a runner on this machine only.
    pub async fn explanation(&self, conversation: &str, seq: u64) -> Answer {
        self.http.get(&format!("/dev/pushes/{conversation}/{seq}")).await
    }
}

/// Every push that there was, to anybody, oldest first.
///
/// The runner tells, or whoever stands in for the platforms where Confab is deployed: `CONFAB_TEST_PUSHES_URL`.
#[expect(clippy::disallowed_methods, reason = "where to look is the caller's to say")]
async fn all_pushes(http: &Http) -> Vec<Value> {
    let answer = match std::env::var("CONFAB_TEST_PUSHES_URL") {
        Ok(url) => Http::new(&url).get("").await,
        Err(_) => http.anonymous().get("/dev/pushes").await,
    };
    answer.ok()["pushes"].as_array().expect("pushes").clone()
}
