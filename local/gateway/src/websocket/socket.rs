//! A TCP connection with WebSocket frames: reads and writes without waiting.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::net::TcpStream;

use super::frames::{self, FrameReader};
use crate::config::Limits;

/// Size of the output above which nothing is added until the client reads. Unit: bytes.
const OUT_BYTES_HIGH: usize = 64 * 1024;

pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) reader: FrameReader,
    /// Frames that wait to be written to the stream.
    pub(super) out: BytesMut,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, early: Bytes, limits: &Limits) -> Self {
        Self { stream, reader: FrameReader::new(early, limits), out: BytesMut::new() }
    }

    /// Whether the client has to read before more is sent.
    pub(super) fn is_congested(&self) -> bool {
        self.out.len() >= OUT_BYTES_HIGH
    }

    pub(super) fn put_message(&mut self, message: Bytes) {
        frames::put_message(&mut self.out, message);
    }

    /// Reads the bytes that have arrived; returns their number.
    ///
    /// # Errors
    ///
    /// The connection is of no use any more. A client that has closed its sending side counts as such.
    pub(super) fn read(&mut self) -> io::Result<usize> {
        match self.stream.try_read_buf(self.reader.space()) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    /// Writes as much as the stream takes.
    pub(super) fn write(&mut self) -> io::Result<()> {
        while !self.out.is_empty() {
            match self.stream.try_write(&self.out) {
                Ok(written) => self.out.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
