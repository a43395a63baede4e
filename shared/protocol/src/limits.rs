//! The limits that clients are told, each with its unit and its reason.

/// Longest text of a message. Unit: Unicode scalar values, inclusive.
pub const TEXT_CHARS_MAX: usize = 100_000;

/// Longest text of a message. Unit: bytes of UTF-8, inclusive.
///
/// Leaves room for the envelope in one DynamoDB item.
/// Source: DynamoDB quotas, "Item size" (400 KB).
pub const TEXT_BYTES_MAX: usize = 400_000;

/// Largest WebSocket frame that the gateway takes. Unit: bytes, inclusive.
///
/// Source: API Gateway WebSocket quotas, "WebSocket frame size".
pub const FRAME_BYTES_MAX: usize = 32 * 1024;

/// Largest event that carries a message whole. Unit: bytes of JSON, inclusive.
///
/// A larger one carries the first [`TRUNCATED_TEXT_CHARS`] characters and
/// `truncated: true`. Kept under one frame, so that a message and its envelope
/// are never split.
pub const EVENT_BYTES_MAX: usize = 24 * 1024;

/// Length of the text in an event that is too large to be carried whole.
/// Unit: Unicode scalar values.
pub const TRUNCATED_TEXT_CHARS: usize = 1_000;

/// Largest answer in one frame. Unit: bytes of JSON, inclusive.
///
/// Two KB below the frame limit for the envelope around a list of messages.
pub const ANSWER_BYTES_MAX: usize = 30 * 1024;

/// Longest `id`, and so longest `client_message_id`. Unit: bytes, inclusive.
pub const ID_BYTES_MAX: usize = 64;

/// Most messages in one `send_many`.
pub const SEND_MANY_MAX: usize = 16;

/// Most users that one message can mention.
pub const MENTIONS_MAX: usize = 25;

/// Page size of history: what is given where no limit is named, and at most.
pub const PAGE_LIMIT_DEFAULT: u32 = 50;
/// See [`PAGE_LIMIT_DEFAULT`].
pub const PAGE_LIMIT_MAX: u32 = 100;

/// Conversations in one page of the chat list.
pub const CHAT_LIST_PAGE: u32 = 50;

// Each shows its last message as an event does, which may double within the answer of a function.
const _: () = assert!(CHAT_LIST_PAGE as usize * EVENT_BYTES_MAX * 2 < FUNCTION_ANSWER_BYTES_MAX / 2);

// The longest text with every character escaped as `\\u0001`, beyond a page that is just not full.
const _: () = assert!(HTTP_PAGE_BYTES_MAX + 7 * TEXT_CHARS_MAX + 64 * 1024 < FUNCTION_ANSWER_BYTES_MAX);

/// Length of a display name. Unit: Unicode scalar values; inclusive.
pub const DISPLAY_NAME_CHARS: std::ops::RangeInclusive<usize> = 1..=64;

/// Longest `avatar`. Unit: bytes, inclusive.
pub const AVATAR_BYTES_MAX: usize = 512;

/// Longest device name and platform. Unit: Unicode scalar values, inclusive.
pub const DEVICE_LABEL_CHARS_MAX: usize = 64;

/// Most devices that one user is logged in on.
pub const DEVICES_MAX: usize = 10;

/// Largest body of an HTTP request. Unit: bytes, inclusive.
///
/// The longest text with every character escaped as `\uXXXX\uXXXX`, and room.
pub const HTTP_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Largest body of an HTTP request that sends no message. Unit: bytes, inclusive.
///
/// The longest that are valid have under 48 KB: a signup with every name of 16 times 64 characters, or a push token, each
/// character escaped as `\uXXXX\uXXXX`. A group with 99 members has 16 KB.
pub const HTTP_SHORT_BODY_BYTES_MAX: usize = 64 * 1024;

/// Largest answer of a function. Unit: bytes, inclusive.
///
/// Source: Lambda's error "Response payload size exceeded maximum allowed payload size (6291556 bytes)".
pub const FUNCTION_ANSWER_BYTES_MAX: usize = 6_291_556;

/// Largest page of messages in an HTTP answer. Unit: bytes of JSON within JSON, each quote and each backslash
/// counted twice.
///
/// A page is cut, with `more: true`, before it exceeds this: the body of an answer is a JSON string in the answer of the
/// function. What is left of the limit is for the longest message, which a page holds whatever its size, and for headers.
pub const HTTP_PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most users that one presence query asks for.
pub const PRESENCE_USERS_MAX: usize = 100;

/// Rows in one page of contacts, and of blocks.
pub const CONTACTS_PAGE: u32 = 100;
