//! Close codes of sockets that the functions close.
//!
//! `@connections` has no close code, on AWS or here. The functions send the reason in a frame before they close a
//! socket. The runner reads the code from that frame, so that the functions do here only what they do on AWS.

use confab_protocol::ServerFrame;
use confab_protocol::server::{ClosingEvent, ClosingReason};

/// Beginning of a `closing` frame. Frames with another beginning are not parsed.
const BEGINNING: &[u8] = br#"{"type":"closing""#;

/// Returns the reason in a `closing` frame; `None` for any other frame.
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
