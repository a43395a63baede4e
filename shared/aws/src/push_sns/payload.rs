//! Payloads for APNs and FCM.
//!
//! Both carry the same facts: the user, the device and the conversation, the message or the read mark, and the badge.
//! Apps find them under `confab` (APNs) or in `data` (FCM, which takes strings only).
//! Sources: Apple, "Generating a remote notification" and "Sending notification requests to APNs"; Firebase, "REST
//! Resource: projects.messages"; Amazon SNS developer guide, "Mobile app attributes" and "Using FCM v1 payloads".

use confab_domain::notification::{Alert, Notice, Notification};
use confab_domain::push::Platform;
use serde_json::{Map, Value, json};

/// Time for which a platform keeps a push for a phone that is off. Unit: seconds.
const LIFE_SECONDS: u32 = 86_400;

/// Message for SNS, with `MessageStructure=json`: each value is a string.
pub fn message(sns_platform: &str, notification: &Notification) -> Value {
    let inner = match platform_of(sns_platform) {
        Platform::Apns => apns(notification),
        Platform::Fcm => json!({ "fcmV1Message": { "validate_only": false, "message": fcm(notification) } }),
    };
    let mut message = json!({ "default": "" });
    message[sns_platform] = Value::String(inner.to_string());
    message
}

/// Attributes for SNS, beside the message.
pub fn attributes(sns_platform: &str, notification: &Notification) -> Vec<(String, String)> {
    let life = LIFE_SECONDS.to_string();
    match platform_of(sns_platform) {
        Platform::Fcm => vec![("AWS.SNS.MOBILE.FCM.TTL".to_owned(), life)],
        Platform::Apns => {
            let is_silent = matches!(notification.notice, Notice::Read(_));
            let mut attributes = vec![
                (format!("AWS.SNS.MOBILE.{sns_platform}.TTL"), life),
                // Also for a silent push: a push of the type `background` must not have a badge.
                ("AWS.SNS.MOBILE.APNS.PUSH_TYPE".to_owned(), "alert".to_owned()),
                ("AWS.SNS.MOBILE.APNS.PRIORITY".to_owned(), if is_silent { "5" } else { "10" }.to_owned()),
            ];
            if notification.collapses {
                let id = notification.conversation.to_string();
                attributes.push(("AWS.SNS.MOBILE.APNS.COLLAPSE_ID".to_owned(), id));
            }
            attributes
        }
    }
}

/// Body of a request to APNs.
pub fn apns(notification: &Notification) -> Value {
    let thread = notification.conversation.to_string();
    let mut aps = match &notification.notice {
        Notice::Message(Alert { title, body, .. }) => json!({
            "alert": { "title": title, "body": body },
            "sound": "default",
            "thread-id": thread,
            "mutable-content": 1,
        }),
        Notice::Read(_) => json!({ "content-available": 1, "thread-id": thread }),
    };
    if let Some(badge) = notification.badge {
        aps["badge"] = json!(badge);
    }
    let facts: Map<String, Value> = facts(notification).into_iter().collect();
    json!({ "aps": aps, "confab": facts })
}

/// The `message` of a request to FCM's HTTP v1 API, without the token.
pub fn fcm(notification: &Notification) -> Value {
    let as_text = |value: Value| if value.is_string() { value } else { Value::String(value.to_string()) };
    let data: Map<String, Value> =
        facts(notification).into_iter().map(|(name, value)| (name, as_text(value))).collect();
    let mut android = json!({ "ttl": format!("{LIFE_SECONDS}s") });
    if notification.collapses {
        android["collapse_key"] = json!(notification.conversation.to_string());
    }
    match &notification.notice {
        Notice::Message(Alert { title, body, .. }) => {
            android["priority"] = json!("high");
            android["notification"] = shown(notification);
            json!({ "notification": { "title": title, "body": body }, "data": data, "android": android })
        }
        // Without a notification, an app gets the data and shows nothing.
        Notice::Read(_) => {
            android["priority"] = json!("normal");
            json!({ "data": data, "android": android })
        }
    }
}

/// How Android shows an alert: one notification per conversation, the latest.
fn shown(notification: &Notification) -> Value {
    let mut shown = Map::new();
    if notification.collapses {
        shown.insert("tag".to_owned(), json!(notification.conversation.to_string()));
    }
    shown.extend(notification.badge.map(|badge| ("notification_count".to_owned(), json!(badge))));
    Value::Object(shown)
}

fn facts(notification: &Notification) -> Vec<(String, Value)> {
    let (user, device) = notification.owner;
    let mut facts = vec![
        ("user", json!(user.to_string())),
        ("device", json!(device.to_string())),
        ("conversation", json!(notification.conversation.to_string())),
    ];
    facts.extend(notification.badge.map(|badge| ("badge", json!(badge))));
    match &notification.notice {
        Notice::Message(alert) => facts.extend([
            ("type", json!("message")),
            ("seq", json!(alert.seq.get())),
            ("sender", json!(alert.sender.to_string())),
            ("sent_at_ms", json!(alert.sent_at.as_ms())),
        ]),
        Notice::Read(seq) => facts.extend([("type", json!("read")), ("read_seq", json!(seq.get()))]),
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn platform_of(sns_platform: &str) -> Platform {
    if sns_platform.starts_with("APNS") { Platform::Apns } else { Platform::Fcm }
}

#[cfg(test)]
mod tests {
    use confab_domain::notification::Wording;
    use confab_domain::{ConversationId, Seq, Timestamp};

    use super::*;

    const USER: &str = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    const SENDER: &str = "usr_01BX5ZZKBKACTAV9WEVGEMMVRZ";
    const DEVICE: &str = "dev_01ARZ3NDEKTSV4RRFFQ69G5FAV";

    fn notification(notice: Notice) -> Notification {
        let owner = (USER.parse().unwrap(), DEVICE.parse().unwrap());
        let conversation = ConversationId::dm(USER.parse().unwrap(), SENDER.parse().unwrap()).unwrap();
        Notification { owner, conversation, collapses: true, badge: Some(3), notice }
    }

    fn alert(sender: &str, text: Option<&str>) -> Notice {
        let (title, body) = Wording { sender, group: None, text }.lines();
        let (seq, sent_at) = (Seq::new(7).unwrap(), Timestamp::from_ms(1));
        Notice::Message(Alert { seq, sender: SENDER.parse().unwrap(), sent_at, title, body })
    }

    /// The string that SNS takes for a platform.
    fn inner(sns_platform: &str, notification: &Notification) -> Value {
        let message = message(sns_platform, notification);
        assert!(message["default"].is_string());
        serde_json::from_str(message[sns_platform].as_str().unwrap()).unwrap()
    }

    #[test]
    fn apns_gets_an_alert_with_badge_and_thread() {
        for platform in ["APNS", "APNS_SANDBOX"] {
            let body = inner(platform, &notification(alert("Alice", None)));
            let aps = &body["aps"];
            assert_eq!(aps["alert"], json!({ "title": "Alice", "body": "New message" }));
            assert_eq!((&aps["badge"], &aps["mutable-content"]), (&json!(3), &json!(1)));
            assert!(aps["thread-id"].as_str().unwrap().starts_with("dm_"));
            assert_eq!(body["confab"]["seq"], 7);
            assert_eq!(body["confab"]["user"], USER);
        }
    }

    #[test]
    fn apns_collapses_by_conversation_and_forgets_after_a_day() {
        let attributes = attributes("APNS_SANDBOX", &notification(alert("Alice", None)));
        let of = |name: &str| attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        assert_eq!(of("AWS.SNS.MOBILE.APNS_SANDBOX.TTL"), Some("86400"));
        assert_eq!(of("AWS.SNS.MOBILE.APNS.PUSH_TYPE"), Some("alert"));
        let collapse_id = of("AWS.SNS.MOBILE.APNS.COLLAPSE_ID").unwrap();
        assert!(collapse_id.starts_with("dm_") && collapse_id.len() <= 64, "APNs takes at most 64 bytes");
    }

    #[test]
    fn fcm_gets_a_notification_with_data_of_strings() {
        let body = inner("GCM", &notification(alert("Alice", Some("Lunch?"))));
        let message = &body["fcmV1Message"]["message"];
        assert_eq!(message["notification"], json!({ "title": "Alice", "body": "Lunch?" }));
        assert!(message["data"].as_object().unwrap().values().all(Value::is_string));
        assert_eq!((&message["data"]["seq"], &message["data"]["badge"]), (&json!("7"), &json!("3")));
        assert_eq!(message["android"]["ttl"], "86400s");
        assert_eq!(message["android"]["collapse_key"], message["android"]["notification"]["tag"]);
    }

    #[test]
    fn a_silent_push_shows_nothing_and_has_the_badge() {
        let read = notification(Notice::Read(Seq::new(9).unwrap()));
        let apns = inner("APNS", &read);
        assert_eq!(apns["aps"].get("alert"), None);
        assert_eq!((&apns["aps"]["badge"], &apns["confab"]["read_seq"]), (&json!(3), &json!(9)));
        let fcm = inner("GCM", &read);
        let message = &fcm["fcmV1Message"]["message"];
        assert_eq!(message.get("notification"), None);
        assert_eq!((&message["data"]["type"], &message["data"]["badge"]), (&json!("read"), &json!("3")));
    }

    #[test]
    fn a_push_that_does_not_collapse_has_no_id_and_one_without_a_count_has_no_badge() {
        let alone = Notification { collapses: false, badge: None, ..notification(alert("Alice", None)) };
        assert!(attributes("APNS", &alone).iter().all(|(name, _)| !name.ends_with("COLLAPSE_ID")));
        assert_eq!(inner("APNS", &alone)["aps"].get("badge"), None);
        let message = &inner("GCM", &alone)["fcmV1Message"]["message"];
        assert_eq!((message["android"].get("collapse_key"), message["data"].get("badge")), (None, None));
        assert_eq!(message["android"]["notification"], json!({}));
    }

    #[test]
    fn the_longest_push_stays_under_4_kb() {
        for long in ["\u{1}\u{2}", "\"\\", "🦀", "é"] {
            let longest = notification(alert(&long.repeat(500), Some(&long.repeat(500))));
            for body in [apns(&longest), fcm(&longest)] {
                assert!(body.to_string().len() < 4096, "{} bytes", body.to_string().len());
            }
        }
    }
}
