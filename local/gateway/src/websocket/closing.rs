//! The close of a connection, in a way that the client gets the reason.

use std::{io, time::Duration};

use tokio::{select, time::timeout};

use super::{close::Goodbye, frames, socket::Socket};

/// Bytes that a client may still send after the gateway has closed. Unit: bytes.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Socket {
    /// Sends the rest of the output and the close frame, waits for the client's close frame, and closes the TCP
    /// connection; all of it within `limit`.
    pub(super) async fn part(mut self, goodbye: Goodbye, limit: Duration) {
        let client_has_closed = match goodbye {
            Goodbye::Cut => return,
            Goodbye::Return => true,
            Goodbye::Say(reason) => {
                frames::put_close(&mut self.out, Some((reason.code, reason.text)));
                false
            }
        };
        // The client is too slow or the connection is broken: nothing more can be done.
        drop(timeout(limit, self.finish(client_has_closed)).await);
    }

    /// Writes the rest of the output, and reads up to the client's close frame.
    ///
    /// Danger: a connection that is closed while bytes of the client are unread is reset, and the reset may overtake
    /// the close frame. Hence the client's bytes are read and ignored until its own close frame.
    async fn finish(&mut self, mut client_has_closed: bool) -> io::Result<()> {
        let mut discarded = 0;
        self.write()?;
        while !client_has_closed || !self.out.is_empty() {
            select! {
                ready = self.stream.readable(), if !client_has_closed => {
                    ready?;
                    discarded += self.read()?;
                    client_has_closed = self.reader.discard();
                    if discarded > DISCARDED_BYTES_MAX {
                        return Ok(());
                    }
                }
                ready = self.stream.writable(), if !self.out.is_empty() => {
                    ready?;
                    self.write()?;
                }
            }
        }
        Ok(())
    }
}
