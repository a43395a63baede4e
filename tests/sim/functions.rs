//! The functions, as a client invokes them.

use std::future::ready;

use confab_app::messages::send_message::{SendMessage, send_message};
use confab_app::ports::{Deadline, Identity};
use confab_app::{connections::close_connection, connections::open_connection, messages::mark_read, sync};
use confab_domain::{ConnectionId, ConversationId, Message, Refusal, Seq, UserId};
use confab_protocol::{Ack, ServerFrame};

use crate::checker::QUIET;
use crate::planted::{Role, Store};
use crate::world::{Request, World, key, socket};

/// The deadline of a sync, which is reached when the seed says so.
struct Late<'a>(&'a World);

impl Deadline for Late<'_> {
    fn is_near(&self) -> bool {
        self.0.random.once_in(self.0.scenario.late_once_in)
    }
}

impl World {
    /// The `$connect` function. A handshake is refused while the gateway confirms no end of the device's other
    /// connections.
    pub(crate) async fn open_connection(&self, identity: Identity, connection: ConnectionId) -> Option<()> {
        let process = self.any_process();
        let store = Store::new(self, Role::Other);
        let now = self.now().plus(process.ahead);
        let context = self.presence(&store, now);
        let connection = socket(identity, &connection, now);
        let opening = open_connection::open_connection(&context, &self.gateway, identity, &connection);
        match self.try_invoke(opening).await? {
            Ok(()) => Some(()),
            Err(Refusal::RateLimited { .. }) => None,
            Err(refusal) => {
                self.fault(format!("a handshake was refused: {refusal}"));
                None
            }
        }
    }

    /// The `$disconnect` function.
    pub(crate) async fn close_connection(&self, identity: Identity, connection: &ConnectionId) {
        let store = Store::new(self, Role::Other);
        let key = key(identity, connection);
        self.invoke(close_connection::close_connection(&store, identity.user, key, self.now())).await;
    }

    /// The `send` function.
    ///
    /// `None` if the invocation failed; a refusal if the group refused the message.
    pub(crate) async fn send(&self, command: SendMessage) -> Option<Result<Ack, Refusal>> {
        let before = self.truth();
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let index = {
            let mut sends = self.sends();
            sends.push(Request { command: command.clone(), began: self.step(), acked: None });
            sends.len() - 1
        };
        let store = Store::of(self, Role::Send, &process);
        let SendMessage { sender, conversation, attempt, .. } = command;
        let delivery = self.delivery();
        let ways = (&delivery, &self.queue);
        let send = send_message(&store, ways, &process.writer, command, ready(Ok(())), now);
        let answer = self.try_invoke(send).await?;
        match &answer {
            Ok(ack) => self.sends()[index].acked = Some((self.step(), ack.clone())),
            Err(refusal) => {
                self.check_refusal(&before, conversation, sender, refusal);
                let made = |entry: &Message| entry.sender == sender && entry.attempt == attempt;
                if self.memory.with_appended(|appended| appended.iter().any(made)) {
                    self.fault(format!("a message of {sender:?} was refused ({refusal}), and appended"));
                }
            }
        }
        Some(answer)
    }

    /// The `sync` function; returns the last frame.
    pub(crate) async fn sync(
        &self,
        user: UserId,
        connection: &ConnectionId,
        command: sync::SyncQuery,
    ) -> Option<ServerFrame> {
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let store = Store::of(self, Role::Sync, &process);
        let (retention, gateway, late) = (process.writer.retention, &self.gateway, Late(self));
        let sync = sync::sync(&store, gateway, user, connection, &command, retention, now, (&late, &|_| {}));
        let last = self.invoke(sync).await?;
        self.note(user, &last);
        Some(last)
    }

    /// The `read` function.
    pub(crate) async fn mark_read(
        &self,
        reader: Identity,
        conversation: ConversationId,
        seq: Seq,
    ) -> Option<()> {
        let user = reader.user;
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let store = Store::of(self, Role::Read, &process);
        let before = self.truth();
        let ways = (&self.gateway, self.pushes());
        let mark = mark_read::mark_read(&store, ways, reader, None, conversation, seq, now);
        match self.try_invoke(mark).await? {
            Ok(()) => {
                self.check_read(conversation, seq);
                Some(())
            }
            // A device may have a position from before its user was added again.
            Err(Refusal::NotAMember) if !before.reads(conversation, user, seq.get()) => None,
            Err(Refusal::Field { .. }) if self.message_is_gone(conversation, seq) => None,
            Err(refusal) => {
                self.check_refusal(&before, conversation, user, &refusal);
                None
            }
        }
    }

    /// Checks that a position that was accepted as read holds an entry, or held one that may have expired.
    fn check_read(&self, conversation: ConversationId, seq: Seq) {
        let last = self.memory.with_appended(|appended| {
            let here = appended.iter().filter(|entry| entry.conversation == conversation);
            here.max_by_key(|entry| entry.seq).map(|last| (last.seq, last.sent_at))
        });
        if last.is_some_and(|(last, sent_at)| seq > last && self.now().since(sent_at) < QUIET) {
            self.fault(format!("{seq} of {conversation:?} was read, and the last is {last:?}"));
        }
    }

    /// Whether a position holds no message: it has expired, or was never written.
    fn message_is_gone(&self, conversation: ConversationId, seq: Seq) -> bool {
        self.memory.message_at(conversation, seq).is_none()
    }
}
