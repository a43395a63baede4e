//! Close codes of sockets that the functions close.
//!
//! `@connections` has no close code, on AWS or here. The functions say why in a frame before they close a socket, so the
//! runner reads the code from that frame, and the functions need nothing but what they do on AWS.

use confab_protocol::ServerFrame;
use confab_protocol::server::{ClosingEvent, ClosingReason};

/// How a `closing` frame begins; every other frame is recognised as such without being parsed.
const BEGINNING: &[u8] = br#"{"type":"closing""#;

/// The reason in a `closing` frame; `None` for any other frame.
pub(crate) fn reason_in(frame: &[u8]) -> Option<ClosingReason> {
    if !frame.starts_with(BEGINNING) {
        return None;
    }
    match serde_json::from_slice(frame) {
        Ok(ServerFrame::Closing(ClosingEvent { reason })) => Some(reason),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_frame_names_its_reason_and_no_other_frame_does() {
        for reason in [ClosingReason::Displaced, ClosingReason::LoggedOut, ClosingReason::TooSlow] {
            let frame = serde_json::to_vec(&ServerFrame::Closing(ClosingEvent { reason })).expect("a frame");
            assert_eq!(reason_in(&frame), Some(reason));
        }
        assert_eq!(reason_in(br#"{"type":"closing","reason":"bored"}"#), None);
        assert_eq!(reason_in(br#"{"type":"typing","conversation":"c","user":"u"}"#), None);
    }
}
