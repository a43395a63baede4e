//! The frames of an answer, each within the limits.

use confab_protocol::server::{SyncConversation, SyncFrame};
use confab_protocol::{self as protocol, ServerFrame, limits};

use super::reader::{Membership, Missing};
use super::resume::Resume;
use crate::wire;

/// The frames of an answer, each within the limits.
pub(super) struct Answer<'a> {
    id: &'a str,
    conversations: Vec<SyncConversation>,
    bytes: usize,
}

impl<'a> Answer<'a> {
    pub(super) fn new(id: &'a str) -> Self {
        Self { id, conversations: Vec::new(), bytes: 0 }
    }

    pub(super) fn begin(&mut self, Missing { row, last, membership, .. }: &Missing) {
        let nothing = SyncConversation { conversation: row.conversation.to_string(), ..Default::default() };
        let last_seq = Some(wire::seq_or_zero(*last));
        self.open(match membership {
            Membership::Present { name } => SyncConversation {
                kind: Some(wire::conversation_kind(row.conversation).to_owned()),
                name: name.clone(),
                last_seq: Some(wire::seq_or_zero(row.end_of(*last))),
                read_seq: Some(wire::seq_or_zero(row.read_seq)),
                ..nothing
            },
            Membership::Left => SyncConversation { left: Some(true), last_seq, ..nothing },
            Membership::Deleted => SyncConversation { deleted: Some(true), last_seq, ..nothing },
        });
    }

    fn open(&mut self, conversation: SyncConversation) {
        self.bytes += wire::json_bytes(&conversation) + 1;
        self.conversations.push(conversation);
    }

    /// Adds a message to the conversation begun last; returns the frame so far if the message did not fit into it.
    pub(super) fn add(&mut self, message: protocol::Message) -> Option<ServerFrame> {
        let bytes = wire::json_bytes(&message) + 1;
        let full = (self.bytes + bytes > limits::ANSWER_BYTES_MAX).then(|| self.take_and_go_on());
        self.bytes += bytes;
        if let Some(last) = self.conversations.last_mut() {
            last.messages.push(message);
        }
        full
    }

    /// Takes the frame so far; the conversation begun last continues in the next frame.
    fn take_and_go_on(&mut self) -> ServerFrame {
        let heading = self.conversations.last_mut().map(|last| {
            let messages = std::mem::take(&mut last.messages);
            let heading = last.clone();
            last.messages = messages;
            heading
        });
        let full = self.take();
        if let Some(heading) = heading {
            self.open(heading);
        }
        full
    }

    /// Ends the conversation begun last; returns the frame if another conversation might not fit into it.
    pub(super) fn end(&mut self) -> Option<ServerFrame> {
        const CONVERSATION_BYTES_MAX: usize = 1024;
        (self.bytes + CONVERSATION_BYTES_MAX > limits::ANSWER_BYTES_MAX).then(|| self.take())
    }

    /// The last frame of an answer that is complete.
    pub(super) fn complete(mut self) -> ServerFrame {
        ServerFrame::Sync(SyncFrame { complete: true, ..self.take_frame() })
    }

    /// The last frame of an answer that another answer continues.
    pub(super) fn resume(mut self, resume: Resume) -> ServerFrame {
        ServerFrame::Sync(SyncFrame { next: Some(resume.to_string()), ..self.take_frame() })
    }

    fn take(&mut self) -> ServerFrame {
        ServerFrame::Sync(self.take_frame())
    }

    fn take_frame(&mut self) -> SyncFrame {
        self.bytes = 0;
        let conversations = std::mem::take(&mut self.conversations);
        SyncFrame { id: self.id.to_owned(), conversations, complete: false, next: None }
    }
}
