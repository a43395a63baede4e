//! Limits for clients, each with its unit and its reason.

/// Longest text of a message. Unit: Unicode scalar values, inclusive.
pub const TEXT_CHARS_MAX: usize = 100_000;

/// Longest text of a message. Unit: bytes of UTF-8, inclusive.
///
/// Leaves room for the envelope in one DynamoDB item.
/// Source: DynamoDB quotas, "Item size" (400 KB).
pub const TEXT_BYTES_MAX: usize = 400_000;

/// Largest WebSocket frame that the gateway accepts. Unit: bytes, inclusive.
///
/// Source: API Gateway WebSocket quotas, "WebSocket frame size".
pub const FRAME_BYTES_MAX: usize = 32 * 1024;

/// Largest event that carries a whole message. Unit: bytes of JSON, inclusive.
///
/// A larger event carries the first [`TRUNCATED_TEXT_CHARS`] characters and `truncated: true`. The limit is below the
/// frame limit, so that a message with its envelope always fits one frame.
pub const EVENT_BYTES_MAX: usize = 24 * 1024;

/// Length of the text in an event that cannot carry the whole message. Unit: Unicode scalar values.
pub const TRUNCATED_TEXT_CHARS: usize = 1_000;

/// Largest answer in one frame. Unit: bytes of JSON, inclusive.
///
/// Two KB below the frame limit, for the envelope around a list of messages.
pub const ANSWER_BYTES_MAX: usize = 30 * 1024;

/// Longest `id`, and so longest `client_message_id`. Unit: bytes, inclusive.
pub const ID_BYTES_MAX: usize = 64;

/// Most messages in one `send_many`.
pub const SEND_MANY_MAX: usize = 16;

/// Most users that one message can mention.
pub const MENTIONS_MAX: usize = 25;

/// Page size of history if the request names no limit. Unit: messages.
pub const PAGE_LIMIT_DEFAULT: u32 = 50;
/// Largest page size of history. Unit: messages.
pub const PAGE_LIMIT_MAX: u32 = 100;

/// Conversations in one page of the chat list.
pub const CHAT_LIST_PAGE: u32 = 50;

// Each conversation shows its last message as an event does, whose size may double in the answer of a function.
const _: () = assert!(CHAT_LIST_PAGE as usize * EVENT_BYTES_MAX * 2 < FUNCTION_ANSWER_BYTES_MAX / 2);

// The longest text with every character escaped as `\\u0001`, after a page that is almost full.
const _: () = assert!(HTTP_PAGE_BYTES_MAX + 7 * TEXT_CHARS_MAX + 64 * 1024 < FUNCTION_ANSWER_BYTES_MAX);

/// Length of a display name. Unit: Unicode scalar values; inclusive.
pub const DISPLAY_NAME_CHARS: std::ops::RangeInclusive<usize> = 1..=64;

/// Longest `avatar`. Unit: bytes, inclusive.
pub const AVATAR_BYTES_MAX: usize = 512;

/// Longest device name and platform. Unit: Unicode scalar values, inclusive.
pub const DEVICE_LABEL_CHARS_MAX: usize = 64;

/// Most devices of one user.
pub const DEVICES_MAX: usize = 10;

/// Largest body of an HTTP request. Unit: bytes, inclusive.
///
/// The longest text with every character escaped as `\uXXXX\uXXXX`, with room for the other fields.
pub const HTTP_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Largest body of an HTTP request that sends no message. Unit: bytes, inclusive.
///
/// The longest valid bodies have under 48 KB: a signup whose names have 16 times 64 characters, or a push token, with
/// each character escaped as `\uXXXX\uXXXX`. A group with 99 members has 16 KB.
pub const HTTP_SHORT_BODY_BYTES_MAX: usize = 64 * 1024;

/// Largest answer of a function. Unit: bytes, inclusive.
///
/// Source: Lambda's error "Response payload size exceeded maximum allowed payload size (6291556 bytes)".
pub const FUNCTION_ANSWER_BYTES_MAX: usize = 6_291_556;

/// Largest page of messages in an HTTP answer. Unit: bytes of JSON within JSON, in which each quote and each
/// backslash counts twice.
///
/// The body of an answer is a JSON string in the answer of the function. A page ends with `more: true` before it
/// exceeds this limit. The rest of [`FUNCTION_ANSWER_BYTES_MAX`] is for headers, and for the longest message, which a
/// page holds whatever its size.
pub const HTTP_PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most users in one presence query.
pub const PRESENCE_USERS_MAX: usize = 100;

/// Rows in one page of contacts or of blocks.
pub const CONTACTS_PAGE: u32 = 100;
