//! Order of frames: the frames of a socket that take effect in the order in which they were sent.

use std::borrow::Cow;

use confab_app::wire;
use confab_domain::{ConversationId, UserId};
use confab_lambda::websocket::{Event, context};
use serde::Deserialize;

/// Actions that write into a conversation.
const WRITES: [&str; 3] = ["send", "send_many", "read"];

/// Where a frame writes.
#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow, default)]
    to: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    conversation: Option<Cow<'a, str>>,
}

/// Returns the conversation that the event's frame writes into; `None` for any other frame, and for one that names
/// none.
pub(crate) fn order_key(event: &[u8]) -> Option<String> {
    let event: Event = serde_json::from_slice(event).ok()?;
    if !WRITES.contains(&event.request_context.route_key.as_str()) {
        return None;
    }
    let user: UserId = event.request_context.authorizer.get(context::USER)?.as_str()?.parse().ok()?;
    let target: Target<'_> = serde_json::from_str(event.body.as_deref()?).ok()?;
    let conversation: ConversationId = match (target.to, target.conversation) {
        (Some(to), _) => wire::parse_recipient(&to, user).ok()?,
        (None, Some(conversation)) => conversation.parse().ok()?,
        (None, None) => return None,
    };
    Some(conversation.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ADA: &str = "usr_00000000000000000000000001";
    const BOB: &str = "usr_00000000000000000000000002";
    const PAIR: &str = "dm_00000000000000000000000001_00000000000000000000000002";

    #[track_caller]
    fn check(route: &str, body: &serde_json::Value, expected: Option<&str>) {
        let event = json!({
            "requestContext": {
                "routeKey": route, "eventType": "MESSAGE", "connectionId": "c", "authorizer": {"user": ADA},
            },
            "body": body.to_string(),
        });
        assert_eq!(order_key(event.to_string().as_bytes()).as_deref(), expected, "{route} {body}");
    }

    #[test]
    fn frames_that_write_into_a_conversation_are_in_order_however_they_name_it() {
        check("send", &json!({"to": BOB}), Some(PAIR));
        check("send_many", &json!({"to": PAIR}), Some(PAIR));
        check("read", &json!({"conversation": PAIR, "seq": 1}), Some(PAIR));
    }

    #[test]
    fn all_others_may_overtake() {
        check("history", &json!({"conversation": PAIR}), None);
        check("send", &json!({"to": ADA}), None);
        check("send", &json!({}), None);
        check("send", &json!("hello"), None);
    }
}
