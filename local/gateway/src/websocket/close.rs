//! Ends of sockets.

use std::borrow::Cow;

/// Reason for which the gateway closes a socket. AWS publishes its text for [`CloseReason::GOING_AWAY`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CloseReason {
    /// Status code of RFC 6455, section 7.4.
    pub(crate) code: u16,
    pub(crate) text: &'static str,
}

impl CloseReason {
    /// Idle for too long, open for too long, or the gateway shuts down.
    pub(crate) const GOING_AWAY: Self = Self { code: 1001, text: "Going away" };
    pub(crate) const DELETED: Self = Self { code: 1000, text: "Connection closed by the server" };
    pub(crate) const TOO_BIG: Self = Self { code: 1009, text: "Message too big" };
    pub(crate) const PROTOCOL_ERROR: Self = Self { code: 1002, text: "Protocol error" };
}

/// How a socket ended: the content of the `$disconnect` event, and the frames that are left to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// `disconnectStatusCode`.
    pub(crate) code: u16,
    /// `disconnectReason`.
    pub(crate) reason: Cow<'static, str>,
    pub(crate) goodbye: Goodbye,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// The gateway closes first.
    Say(CloseReason),
    /// The client has closed first, and its close frame must be returned.
    Return,
    /// The TCP connection is broken.
    Cut,
}

impl Ending {
    pub(crate) fn by_gateway(reason: CloseReason) -> Self {
        Self { code: reason.code, reason: Cow::Borrowed(reason.text), goodbye: Goodbye::Say(reason) }
    }

    /// The client sent a close frame: its code and text, or an empty one.
    pub(crate) fn by_client(frame: Option<(u16, String)>) -> Self {
        let (code, reason) = match frame {
            Some((code, reason)) => (code, Cow::Owned(reason)),
            None => (1005, Cow::Borrowed("Client-side close frame status not set")),
        };
        Self { code, reason, goodbye: Goodbye::Return }
    }

    /// The TCP connection broke without a close frame.
    pub(crate) fn cut() -> Self {
        Self { code: 1006, reason: Cow::Borrowed("Connection closed abnormally"), goodbye: Goodbye::Cut }
    }
}
