//! Frames of RFC 6455 on the server's side, without I/O.
//!
//! Headers are parsed by tungstenite. Its message stream is not used: it drops the payload of a text message that is
//! not UTF-8, and it cannot be read on after a frame over the limit.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio_tungstenite::tungstenite::protocol::frame::{
    CloseFrame, Frame, FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

use super::close::CloseReason;
use crate::config::Limits;

/// Smallest space offered to a read. Unit: bytes.
const READ_BYTES_MIN: usize = 4 * 1024;

/// Largest payload of a control frame. Unit: bytes, inclusive. Source: RFC 6455, section 5.5.
const CONTROL_BYTES_MAX: u64 = 125;

/// Message or control frame from a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A whole message.
    Message(Payload),
    Ping(Bytes),
    Pong,
    Close(Option<(u16, String)>),
}

/// A message as it arrived. Text is not checked for UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) is_text: bool,
    pub(crate) bytes: BytesMut,
}

/// Turns bytes from a client into messages.
pub(crate) struct FrameReader {
    buffer: BytesMut,
    /// Header and payload length of the frame at the head of `buffer`.
    header: Option<(FrameHeader, u64)>,
    /// The fragments of a message that have arrived so far.
    partial: Option<Payload>,
    frame_bytes_max: u64,
    message_bytes_max: u64,
}

impl FrameReader {
    /// `early` is the bytes that arrived after the handshake.
    pub(crate) fn new(early: Bytes, limits: &Limits) -> Self {
        Self {
            buffer: early.into(),
            header: None,
            partial: None,
            frame_bytes_max: limits.frame_bytes_max as u64,
            message_bytes_max: limits.message_bytes_max as u64,
        }
    }

    /// Buffer for the next bytes; it has room for some.
    pub(crate) fn space(&mut self) -> &mut BytesMut {
        let frame = self.header.as_ref().map_or(0, |(_, size)| usize::try_from(*size).unwrap_or(0));
        let missing = frame.saturating_sub(self.buffer.len()).min(64 * 1024);
        self.buffer.reserve(missing.max(READ_BYTES_MIN));
        &mut self.buffer
    }

    /// Returns the next message or control frame; `None` if more bytes are needed.
    ///
    /// # Errors
    ///
    /// The reason to close; after it only [`FrameReader::discard`] may be called.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, CloseReason> {
        loop {
            let Some((header, mut payload)) = self.next_frame()? else {
                return Ok(None);
            };
            unmask(&mut payload, header.mask.ok_or(CloseReason::PROTOCOL_ERROR)?);
            let message = match (header.opcode, self.partial.take()) {
                (OpCode::Control(control), partial) => {
                    self.partial = partial;
                    return read_control(control, payload).map(Some);
                }
                (OpCode::Data(Data::Continue), Some(mut partial)) => {
                    partial.bytes.extend_from_slice(&payload);
                    partial
                }
                (OpCode::Data(Data::Text), None) => Payload { is_text: true, bytes: payload },
                (OpCode::Data(Data::Binary), None) => Payload { is_text: false, bytes: payload },
                (OpCode::Data(_), _) => return Err(CloseReason::PROTOCOL_ERROR),
            };
            if header.is_final {
                return Ok(Some(Incoming::Message(message)));
            }
            self.partial = Some(message);
        }
    }

    /// Discards the bytes that have arrived, up to a close frame; returns whether there was one.
    pub(crate) fn discard(&mut self) -> bool {
        loop {
            if self.header.is_none() && self.parse_header().is_err() {
                // The bytes are no frames, so no close frame will be found.
                self.buffer.clear();
                return false;
            }
            let Some((header, left)) = &mut self.header else {
                return false;
            };
            if header.opcode == OpCode::Control(Control::Close) {
                return true;
            }
            let skipped = usize::try_from(*left).unwrap_or(usize::MAX).min(self.buffer.len());
            self.buffer.advance(skipped);
            *left -= skipped as u64;
            if *left > 0 {
                return false;
            }
            self.header = None;
        }
    }

    fn next_frame(&mut self) -> Result<Option<(FrameHeader, BytesMut)>, CloseReason> {
        if self.header.is_none() {
            self.parse_header()?;
            self.check_header()?;
        }
        let complete = |(_, size): &mut (FrameHeader, u64)| *size <= self.buffer.len() as u64;
        Ok(self.header.take_if(complete).map(|(header, size)| {
            // A complete frame is in memory, so its size fits a `usize`.
            let payload = self.buffer.split_to(usize::try_from(size).unwrap_or_default());
            (header, payload)
        }))
    }

    fn parse_header(&mut self) -> Result<(), CloseReason> {
        let mut cursor = std::io::Cursor::new(&self.buffer[..]);
        self.header = FrameHeader::parse(&mut cursor).map_err(|_| CloseReason::PROTOCOL_ERROR)?;
        let parsed = usize::try_from(cursor.position()).unwrap_or_default();
        self.buffer.advance(parsed);
        Ok(())
    }

    /// Refuses a frame before its payload has arrived.
    fn check_header(&self) -> Result<(), CloseReason> {
        let Some((header, size)) = &self.header else {
            return Ok(());
        };
        let reserved = header.rsv1 || header.rsv2 || header.rsv3;
        if reserved || header.mask.is_none() {
            return Err(CloseReason::PROTOCOL_ERROR);
        }
        match header.opcode {
            OpCode::Control(_) if !header.is_final || *size > CONTROL_BYTES_MAX => {
                Err(CloseReason::PROTOCOL_ERROR)
            }
            OpCode::Control(_) => Ok(()),
            OpCode::Data(_) => {
                let before = self.partial.as_ref().map_or(0, |partial| partial.bytes.len() as u64);
                let fits = *size <= self.frame_bytes_max && before + *size <= self.message_bytes_max;
                fits.then_some(()).ok_or(CloseReason::TOO_BIG)
            }
        }
    }
}

/// Appends a message to the output: as text if it is UTF-8, otherwise as binary.
pub(crate) fn put_message(out: &mut BytesMut, message: Bytes) {
    let kind = if std::str::from_utf8(&message).is_ok() { Data::Text } else { Data::Binary };
    put(out, Frame::message(message, OpCode::Data(kind), true));
}

/// Appends the answer to a ping.
pub(crate) fn put_pong(out: &mut BytesMut, payload: Bytes) {
    put(out, Frame::pong(payload));
}

/// Appends a close frame with this status and text, or an empty one.
pub(crate) fn put_close(out: &mut BytesMut, frame: Option<(u16, &str)>) {
    let frame = frame.map(|(code, text)| CloseFrame { code: CloseCode::from(code), reason: text.into() });
    put(out, Frame::close(frame));
}

fn put(out: &mut BytesMut, frame: Frame) {
    out.reserve(frame.len());
    frame.format(&mut out.writer()).expect("a buffer in memory takes every write");
}

fn read_control(control: Control, payload: BytesMut) -> Result<Incoming, CloseReason> {
    match control {
        Control::Ping => Ok(Incoming::Ping(payload.freeze())),
        Control::Pong => Ok(Incoming::Pong),
        Control::Close => read_close(&payload).map(Incoming::Close),
        Control::Reserved(_) => Err(CloseReason::PROTOCOL_ERROR),
    }
}

fn read_close(payload: &[u8]) -> Result<Option<(u16, String)>, CloseReason> {
    match payload {
        [] => Ok(None),
        [high, low, text @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let text = std::str::from_utf8(text).map_err(|_| CloseReason::PROTOCOL_ERROR)?;
            match CloseCode::from(code).is_allowed() {
                true => Ok(Some((code, text.to_owned()))),
                false => Err(CloseReason::PROTOCOL_ERROR),
            }
        }
        [_] => Err(CloseReason::PROTOCOL_ERROR),
    }
}

/// Source: RFC 6455, section 5.3.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    // Words of eight bytes, which the compiler turns into vector instructions.
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
