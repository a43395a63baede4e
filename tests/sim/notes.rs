//! The frames that users received, whether or not a device read them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use confab_domain::{ConversationId, UserId};
use confab_protocol::ServerFrame;

use crate::world::World;

impl World {
    /// The positions that each user received, and how.
    pub(crate) fn got(&self) -> MutexGuard<'_, BTreeMap<(UserId, ConversationId, u64), &'static str>> {
        self.got.lock().unwrap()
    }

    /// The names of groups that each user received.
    pub(crate) fn got_names(&self) -> MutexGuard<'_, BTreeSet<(UserId, ConversationId, String)>> {
        self.got_names.lock().unwrap()
    }

    /// Records the contents of a frame for its user.
    pub(crate) fn note(&self, user: UserId, frame: &ServerFrame) {
        match frame {
            ServerFrame::Message(message) => {
                let conversation = message.conversation.parse().unwrap();
                self.note_all(user, conversation, [message.seq], "an event");
            }
            ServerFrame::Sync(part) => {
                for part in &part.conversations {
                    let conversation = part.conversation.parse().unwrap();
                    let seqs = part.messages.iter().map(|message| message.seq);
                    self.note_all(user, conversation, seqs, "a sync");
                    self.got_names().extend(part.name.clone().map(|name| (user, conversation, name)));
                }
            }
            ServerFrame::Conversation(change) => {
                let conversation = change.conversation.parse().unwrap();
                self.got_names().extend(change.name.clone().map(|name| (user, conversation, name)));
            }
            ServerFrame::Receipt(_)
            | ServerFrame::Ack(_)
            | ServerFrame::Acks(_)
            | ServerFrame::History(_)
            | ServerFrame::Ok(_)
            | ServerFrame::Typing(_)
            | ServerFrame::Presence(_)
            | ServerFrame::Heartbeat(_)
            | ServerFrame::Contact(_)
            | ServerFrame::Profile(_)
            | ServerFrame::Closing(_)
            | ServerFrame::Error(_) => {}
        }
    }

    /// Records positions of a conversation.
    pub(crate) fn note_all(
        &self,
        user: UserId,
        conversation: ConversationId,
        seqs: impl IntoIterator<Item = u64>,
        how: &'static str,
    ) {
        self.got().extend(seqs.into_iter().map(|seq| ((user, conversation, seq), how)));
    }
}
