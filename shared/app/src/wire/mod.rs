//! Translation between the wire and the domain: parses fields of requests, and makes the parts of answers and events.
//!
//! Use cases share this module; the parts of one answer alone are made by its use case. `errors` makes the error that a
//! client gets: [`error_body`].

mod errors;

use confab_domain::account::GroupAdds;
use confab_domain::content::ContentLimits;
use confab_domain::group;
use confab_domain::{
    Content, ConversationId, Group, InvalidId, Message, Refusal, Seq, Timestamp, UserId, account::Profile,
};
use confab_protocol::{self as protocol, limits};

use crate::ports::Account;

pub use errors::error_body;

/// Limits of a message's content: those of the protocol's [`limits`].
pub const CONTENT_LIMITS: ContentLimits = ContentLimits {
    text_chars_max: limits::TEXT_CHARS_MAX,
    text_bytes_max: limits::TEXT_BYTES_MAX,
    mentions_max: limits::MENTIONS_MAX,
};

/// Parses an id.
///
/// # Errors
///
/// [`Refusal::Field`], which names the field and what was expected.
pub fn parse_id<T: std::str::FromStr<Err = InvalidId>>(
    field: &'static str,
    text: &str,
) -> Result<T, Refusal> {
    text.parse().map_err(|invalid: InvalidId| Refusal::field(field, format!("must be {}", invalid.expected)))
}

/// Parses a position.
///
/// # Errors
///
/// [`Refusal::Field`] for 0 and for a position beyond [`Seq::MAX`].
pub fn parse_seq(field: &'static str, seq: u64) -> Result<Seq, Refusal> {
    Seq::new(seq).ok_or_else(|| Refusal::field(field, format!("must be from 1 to {}", Seq::MAX)))
}

/// Parses a cursor, the position after which entries are wanted; 0 is before the first.
///
/// # Errors
///
/// [`Refusal::Field`] for a position beyond [`Seq::MAX`].
pub fn parse_cursor(field: &'static str, cursor: u64) -> Result<Option<Seq>, Refusal> {
    if cursor == 0 { Ok(None) } else { parse_seq(field, cursor).map(Some) }
}

/// Parses the limit of a page; a default where it is absent.
///
/// # Errors
///
/// [`Refusal::Field`] for 0 and for more than [`limits::PAGE_LIMIT_MAX`].
pub fn parse_limit(limit: Option<u64>) -> Result<u32, Refusal> {
    let limit = limit.unwrap_or(u64::from(limits::PAGE_LIMIT_DEFAULT));
    u32::try_from(limit)
        .ok()
        .filter(|limit| (1..=limits::PAGE_LIMIT_MAX).contains(limit))
        .ok_or_else(|| Refusal::field("limit", format!("must be from 1 to {}", limits::PAGE_LIMIT_MAX)))
}

/// Content of a message as a client sent it, over either transport.
#[derive(Clone, Debug, Default)]
pub struct RawContent {
    /// See [`protocol::client::SendRequest`].
    pub text: Option<String>,
    /// See [`protocol::client::SendRequest`].
    pub attachments: Option<Vec<String>>,
    /// See [`protocol::client::SendRequest`].
    pub reply_to: Option<u64>,
    /// See [`protocol::client::SendRequest`].
    pub mentions: Option<Vec<String>>,
}

/// Parses the content of a message; [`Content::check`] checks its size.
///
/// # Errors
///
/// [`Refusal::Field`] for a wrong `reply_to`, for a wrong mention or too many, and for any attachment: this version
/// has no media.
pub fn parse_content(raw: RawContent) -> Result<Content, Refusal> {
    if raw.attachments.is_some_and(|attachments| !attachments.is_empty()) {
        return Err(Refusal::field("attachments", "this server has no media yet"));
    }
    let mentions = raw.mentions.unwrap_or_default();
    if mentions.len() > limits::MENTIONS_MAX {
        return Err(Refusal::field("mentions", format!("at most {}", limits::MENTIONS_MAX)));
    }
    Ok(Content {
        text: raw.text,
        reply_to: raw.reply_to.map(|seq| parse_seq("reply_to", seq)).transpose()?,
        mentions: mentions.iter().map(|user| parse_id("mentions", user)).collect::<Result<_, _>>()?,
    })
}

/// Parses the `to` of a `send` frame: the conversation that a message goes to.
///
/// # Errors
///
/// [`Refusal::Field`] for a `to` that is no id of a user, conversation or group, and for the sender's own id.
pub fn parse_recipient(to: &str, sender: UserId) -> Result<ConversationId, Refusal> {
    if let Ok(user) = to.parse::<UserId>() {
        return ConversationId::dm(sender, user)
            .ok_or_else(|| Refusal::field("to", "you cannot write to yourself"));
    }
    to.parse().map_err(|_| Refusal::field("to", "must be a user, group or conversation id"))
}

/// Name of a conversation's kind: `dm` or `group`.
pub const fn conversation_kind(conversation: ConversationId) -> &'static str {
    match conversation {
        ConversationId::Dm { .. } => "dm",
        ConversationId::Group(_) => "group",
    }
}

/// A position as a number, 0 where there is none.
pub fn seq_or_zero(seq: Option<Seq>) -> u64 {
    seq.map_or(0, Seq::get)
}

/// A whole message, as an HTTP answer has it.
pub fn message(message: &Message) -> protocol::Message {
    protocol::Message { text: message.content.text.clone(), ..without_text(message) }
}

fn without_text(message: &Message) -> protocol::Message {
    protocol::Message {
        conversation: message.conversation.to_string(),
        seq: message.seq.get(),
        sender: message.sender.to_string(),
        client_message_id: message.client_message_id.to_string(),
        text: None,
        truncated: None,
        attachments: Vec::new(),
        reply_to: message.content.reply_to.map(Seq::get),
        mentions: message.content.mentions.iter().map(UserId::to_string).collect(),
        kind: message.kind.as_str().to_owned(),
        sent_at_ms: message.sent_at.as_ms(),
    }
}

/// A message as an event of a WebSocket: if it is large, shortened and marked `truncated`.
pub fn event_message(domain: &Message) -> protocol::Message {
    let mut event = without_text(domain);
    let Some(text) = &domain.content.text else { return event };
    // JSON writes each byte of a text in one to six bytes, so most texts need not be measured.
    let is_short = text.len() * 6 + 2048 <= limits::EVENT_BYTES_MAX;
    let json = |event| json_bytes(event) + json_bytes(&TextField { text }) - 1;
    let is_long =
        || text.len() > limits::EVENT_BYTES_MAX || json(&event) > limits::EVENT_BYTES_MAX - TYPE_TAG_BYTES;
    if !is_short && is_long() {
        // Only the part that is shown is copied: a page of the longest texts would fill the memory.
        event.text = Some(text.chars().take(limits::TRUNCATED_TEXT_CHARS).collect());
        event.truncated = Some(true);
    } else {
        event.text = Some(text.clone());
    }
    event
}

/// A text as a field of its own: `{"text":"…"}` is one byte longer than `"text":"…",` within a message.
#[derive(serde::Serialize)]
struct TextField<'a> {
    text: &'a str,
}

/// Length of `"type":"message",`, which an event has besides its message. Unit: bytes.
const TYPE_TAG_BYTES: usize = r#""type":"message","#.len();

/// The length of a value's JSON. Unit: bytes.
pub fn json_bytes(value: &impl serde::Serialize) -> usize {
    let mut counter = ByteCounter(0);
    // Neither writing to a counter nor serializing these types can fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// The length of a value's JSON within a JSON string, where each quote and each backslash takes two bytes: so it is the
/// length of a body in the answer of a function. Unit: bytes.
pub fn escaped_json_bytes(value: &impl serde::Serialize) -> usize {
    let mut counter = EscapedCounter(0);
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

struct EscapedCounter(usize);

impl std::io::Write for EscapedCounter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() + bytes.iter().filter(|byte| [b'"', b'\\'].contains(byte)).count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct ByteCounter(usize);

impl std::io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The public profile of a user.
pub fn profile(profile: &Profile) -> protocol::http::Profile {
    protocol::http::Profile {
        user: profile.user.to_string(),
        handle: profile.handle.to_string(),
        display_name: profile.display_name.clone(),
        avatar: profile.avatar.clone(),
    }
}

/// An account, as its user sees it.
pub fn own_profile(account: &Account) -> protocol::http::OwnProfile {
    protocol::http::OwnProfile {
        profile: profile(&account.profile),
        group_adds: (account.group_adds != GroupAdds::default())
            .then(|| account.group_adds.as_str().to_owned()),
    }
}

/// A group, as its members see it.
pub fn group(group: &Group) -> protocol::http::Group {
    let member = |(user, member): (&UserId, &group::Member)| protocol::http::GroupMember {
        user: user.to_string(),
        role: member.role.as_str().to_owned(),
        joined_at_ms: member.joined_at.as_ms(),
    };
    protocol::http::Group {
        group: group.id.to_string(),
        name: group.name.clone(),
        members: group.members.iter().map(member).collect(),
        created_at_ms: group.created_at.as_ms(),
    }
}

/// Parses a role.
///
/// # Errors
///
/// [`Refusal::Field`] for any other word.
pub fn parse_role(role: &str) -> Result<group::Role, Refusal> {
    group::Role::parse(role).ok_or_else(|| Refusal::field("role", "must be member, admin or owner"))
}

/// A time, where there is one, as a number. Unit: milliseconds since the Unix epoch.
pub fn optional_ms(time: Option<Timestamp>) -> Option<u64> {
    time.map(Timestamp::as_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_domain::Kind;
    use confab_domain::log::Attempt;

    pub(super) fn message_of(text: &str) -> Message {
        let sender: UserId = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let other: UserId = "usr_01BX5ZZKBKACTAV9WEVGEMMVRZ".parse().unwrap();
        Message {
            conversation: ConversationId::dm(sender, other).unwrap(),
            seq: Seq::FIRST,
            sender,
            client_message_id: "c1".parse().unwrap(),
            content: Content { text: Some(text.to_owned()), ..Content::default() },
            kind: Kind::Text,
            sent_at: Timestamp::from_ms(1),
            attempt: Attempt(0),
            expires_at: None,
            mark_revision: 0,
        }
    }

    #[track_caller]
    fn check_event(text: &str, expected_truncated: bool) {
        let event = event_message(&message_of(text));
        assert_eq!(event.truncated, expected_truncated.then_some(true));
        let frame = protocol::ServerFrame::Message(event.clone());
        assert!(json_bytes(&frame) <= limits::EVENT_BYTES_MAX);
        let expected: String =
            if expected_truncated { text.chars().take(1_000).collect() } else { text.to_owned() };
        assert_eq!(event.text, Some(expected));
    }

    #[test]
    fn an_event_is_shortened_only_where_its_json_is_over_24_kb() {
        let overhead = json_bytes(&protocol::ServerFrame::Message(message(&message_of(""))));
        check_event("short", false);
        check_event(&"x".repeat(limits::EVENT_BYTES_MAX - overhead), false);
        check_event(&"x".repeat(limits::EVENT_BYTES_MAX - overhead + 1), true);
        check_event(&"\u{1}".repeat(5_000), true);
        check_event(&"🙂".repeat(100_000), true);
    }

    #[test]
    fn positions_out_of_range_are_refused_by_name() {
        for seq in [0, 1 << 53, 1 << 63, u64::MAX] {
            assert!(matches!(parse_seq("seq", seq), Err(Refusal::Field { field: "seq", .. })));
        }
    }
}

#[cfg(test)]
mod properties {
    use super::tests::message_of;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any text gives an event within the limit, whole or marked, and never cut inside a character.
        #[test]
        fn an_event_is_within_the_limit_whatever_the_text(pattern in "\\PC{1,40}|[\u{0}-\u{1f}]{1,40}", repeats in 1_usize..3_000) {
            let text = pattern.repeat(repeats);
            let event = event_message(&message_of(&text));
            prop_assert!(json_bytes(&protocol::ServerFrame::Message(event.clone())) <= limits::EVENT_BYTES_MAX);
            let shown = event.text.unwrap_or_default();
            prop_assert!(text.starts_with(&shown));
            prop_assert_eq!(event.truncated.is_none(), shown == text);
        }

        #[test]
        fn json_within_json_is_as_long_as_it_is_counted(text in "[\"\\\\\u{0}-\u{1f}a-zé🙂]{0,200}") {
            let message = message(&message_of(&text));
            let nested = serde_json::to_string(&serde_json::to_string(&message).unwrap()).unwrap();
            prop_assert_eq!(escaped_json_bytes(&message), nested.len() - "\"\"".len());
        }
    }
}
