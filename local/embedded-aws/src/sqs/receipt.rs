//! Receipt handles of hand-outs.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{message::Message, queue::Key, refusal::Refusal};

/// One hand-out of a message. Only the receipt of the latest hand-out is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) key: Key,
    receives: u32,
    /// Keys repeat after a restart with empty queues; ids never do.
    id: String,
}

impl Receipt {
    pub(super) fn of(key: Key, message: &Message) -> Self {
        Self { key, receives: message.receives, id: message.content.id.clone() }
    }

    pub(super) fn is_latest_of(&self, message: &Message) -> bool {
        self.receives == message.receives && self.id == message.content.id
    }

    /// The handle, opaque to clients.
    pub(super) fn handle(&self, queue: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{queue} {} {} {}", self.key.0, self.receives, self.id))
    }

    /// Reads a handle.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a text that is no handle of this queue.
    pub(super) fn parse(handle: &str, queue: &str) -> Result<Self, Refusal> {
        let text = BASE64_URL_SAFE_NO_PAD.decode(handle).ok().and_then(|text| String::from_utf8(text).ok());
        let mut parts = text.as_deref().unwrap_or_default().split(' ');
        let mut next = || parts.next().ok_or_else(Refusal::receipt_handle);
        if next()? != queue {
            return Err(Refusal::receipt_handle());
        }
        let key = next()?.parse().map_err(|_| Refusal::receipt_handle())?;
        let receives = next()?.parse().map_err(|_| Refusal::receipt_handle())?;
        Ok(Self { key: Key(key), receives, id: next()?.to_owned() })
    }
}
