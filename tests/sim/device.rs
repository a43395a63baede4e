//! A device: an outbox, a cursor per conversation, and what is on its screen.

use std::collections::BTreeMap;
use std::sync::Arc;

use confab_app::messages::send_message::{Reading, SendMessage};
use confab_app::ports::Identity;
use confab_app::wire;
use confab_domain::log::Attempt;
use confab_domain::own_mark::ReadThrough;
use confab_domain::{ClientMessageId, ConnectionId, Content, ConversationId, Seq, membership};
use confab_memory::yield_once;
use confab_protocol::{Ack, Message, ServerFrame};

use crate::executor::Spawner;
use crate::world::{World, user};

/// Attempts after which a device stops asking for a while.
pub(crate) const TRIES_MAX: u32 = 6;

/// The limit of a sync that has one.
pub(crate) const LIMIT: usize = 2;

pub(crate) struct Device {
    pub(crate) world: Arc<World>,
    pub(crate) identity: Identity,
    pub(crate) chats: BTreeMap<ConversationId, Chat>,
    /// Whether the device has synced since it connected, and is still connected.
    pub(crate) caught_up: bool,
    pub(crate) spawner: Spawner,
    outbox: Vec<Outgoing>,
    pub(crate) socket: Option<ConnectionId>,
    /// Whether an event arrived whose predecessor is missing.
    pub(crate) wants_sync: bool,
    /// Counter for ids.
    count: u64,
}

/// A device's copy of one conversation.
#[derive(Default)]
pub(crate) struct Chat {
    /// The device has everything up to this position.
    pub(crate) cursor: u64,
    /// The end of the log in the last complete sync.
    pub(crate) last_seq: u64,
    /// Messages by `seq`.
    pub(crate) messages: BTreeMap<u64, Message>,
    /// Whether the last sync reported that the user is out, and nothing has come since.
    pub(crate) left: bool,
}

#[derive(Clone)]
struct Outgoing {
    conversation: ConversationId,
    key: ClientMessageId,
    text: String,
    /// Whether the message was acked or refused.
    done: bool,
}

impl Device {
    pub(crate) fn new(world: &Arc<World>, spawner: &Spawner, identity: Identity) -> Self {
        Self {
            world: Arc::clone(world),
            identity,
            chats: BTreeMap::new(),
            caught_up: false,
            spawner: spawner.clone(),
            outbox: Vec::new(),
            socket: None,
            wants_sync: false,
            count: 0,
        }
    }

    /// Connects and disconnects, writes and reads. Stays connected at the end, if it can connect.
    pub(crate) async fn live(&mut self) {
        // A message of an earlier chapter may have expired; a resend would be another message.
        self.outbox.clear();
        for _ in 0..self.world.scenario.messages {
            self.write();
        }
        for _ in 0..self.world.scenario.visits {
            self.leave();
            if self.world.random.once_in(6) {
                // A device that is set up anew has no messages.
                self.chats.clear();
            }
            self.connect().await;
            if self.world.random.once_in(3) {
                self.sync(LIMIT, false).await;
            }
            self.catch_up().await;
            for _ in 0..self.world.random.between(1, 6) {
                self.act().await;
            }
        }
        for next in self.unsent() {
            self.deliver(&[next]).await;
        }
    }

    /// Connects anew and sends what is left, once no call fails any more.
    pub(crate) async fn settle(&mut self) {
        self.leave();
        self.connect().await;
        for _ in 0..TRIES_MAX {
            let unsent = self.unsent();
            self.deliver(&unsent).await;
        }
        if !self.unsent().is_empty() {
            self.world.fault(format!("{:?} cannot send in a healthy run", self.identity.device));
        }
    }

    async fn act(&mut self) {
        let world = Arc::clone(&self.world);
        if world.scenario.groups && world.random.once_in(3) {
            self.act_in_a_group().await;
        }
        let unsent = self.unsent();
        let next = unsent.first().copied();
        match (world.random.below(9), next) {
            (0 | 1, Some(next)) => self.deliver(&[next]).await,
            (2, Some(next)) => self.deliver(&[next, next]).await,
            (3, Some(_)) => self.deliver(&unsent).await,
            (4, _) if !self.outbox.is_empty() => {
                let any = world.random.below(self.outbox.len() as u64);
                self.deliver(&[usize::try_from(any).unwrap()]).await;
            }
            (5, _) => {
                self.sync(LIMIT, false).await;
            }
            (6, _) => {
                self.sync(usize::MAX, true).await;
            }
            (7, _) => self.mark_read().await,
            _ => {
                for _ in 0..world.random.below(40) {
                    yield_once().await;
                }
            }
        }
        self.receive();
        if self.wants_sync && !world.scenario.healthy && world.random.once_in(2) {
            self.catch_up().await;
        }
    }

    /// Puts one more message into the outbox.
    fn write(&mut self) {
        let users = self.world.scenario.users;
        let peers: Vec<_> = (0..users).map(user).filter(|peer| *peer != self.identity.user).collect();
        let peer = *self.world.random.pick(&peers);
        let dm = ConversationId::dm(self.identity.user, peer).unwrap();
        let group = self.any_group().filter(|_| !self.world.random.once_in(4));
        let conversation = group.unwrap_or(dm);
        let key = self.next_id();
        let text = format!("{key} {}", "x".repeat(self.world.scenario.text_bytes));
        let key = key.parse().unwrap();
        self.outbox.push(Outgoing { conversation, key, text, done: false });
    }

    pub(crate) fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.identity.device.ulid().0, self.count)
    }

    fn unsent(&self) -> Vec<usize> {
        (0..self.outbox.len()).filter(|index| !self.outbox[*index].done).collect()
    }

    /// How many polls the device waits for an answer.
    pub(crate) fn patience(&self) -> u64 {
        if self.world.is_faulty() { self.world.random.between(10, 500) } else { u64::MAX }
    }

    async fn connect(&mut self) {
        for _ in 0..TRIES_MAX {
            let connection = ConnectionId::new(self.next_id());
            let (world, identity, id) = (Arc::clone(&self.world), self.identity, connection.clone());
            let opening = self.spawner.spawn(async move { world.open_connection(identity, id).await });
            if opening.within(self.patience()).await.flatten().is_some() {
                self.world.gateway.open(connection.clone());
                self.socket = Some(connection);
                return;
            }
        }
    }

    /// Drops the socket. The gateway notices at some later time; `$disconnect` runs later still, or never.
    fn leave(&mut self) {
        self.caught_up = false;
        let Some(connection) = self.socket.take() else { return };
        let (world, identity) = (Arc::clone(&self.world), self.identity);
        self.spawner.spawn(async move {
            for _ in 0..world.random.pick(&[0, 10, 100]) * world.random.below(4) {
                yield_once().await;
            }
            // No device reads these frames, but they must not belong to another user either.
            for frame in frames_of(&world, &connection) {
                world.note(identity.user, &frame);
            }
            world.gateway.drop_socket(&connection);
            for _ in 0..world.random.pick(&[0, 10, 100]) * world.random.below(4) {
                yield_once().await;
            }
            if !world.random.once_in(4) {
                world.close_connection(identity, &connection).await;
            }
        });
    }

    /// Sends messages of the outbox side by side; an index given twice makes two concurrent requests.
    async fn deliver(&mut self, indexes: &[usize]) {
        let mut answers = Vec::new();
        for index in indexes {
            let Outgoing { conversation, key, text, .. } = self.outbox[*index].clone();
            let command = SendMessage {
                sender: self.identity.user,
                origin: self.socket.clone(),
                conversation,
                key,
                content: Content { text: Some(text), ..Content::default() },
                attempt: Attempt(u32::try_from(self.world.random.below(1 << 32)).unwrap()),
                reading: Some(Reading { device: self.identity.device, through: ReadThrough::BeforeMessage }),
            };
            let world = Arc::clone(&self.world);
            answers.push((*index, self.spawner.spawn(async move { world.send(command).await })));
        }
        let patience = self.patience();
        for (index, answer) in answers {
            match answer.within(patience).await.flatten() {
                Some(Ok(ack)) => self.acknowledge(index, ack),
                Some(Err(_refused)) => self.outbox[index].done = true,
                None => {}
            }
        }
    }

    fn acknowledge(&mut self, index: usize, ack: Ack) {
        let outgoing = &mut self.outbox[index];
        outgoing.done = true;
        let message = Message {
            conversation: ack.conversation,
            seq: ack.seq,
            sender: self.identity.user.to_string(),
            client_message_id: outgoing.key.to_string(),
            text: Some(outgoing.text.clone()),
            truncated: None,
            attachments: Vec::new(),
            reply_to: None,
            mentions: Vec::new(),
            kind: "text".to_owned(),
            sent_at_ms: ack.sent_at_ms,
        };
        self.show(message);
    }

    async fn mark_read(&mut self) {
        let read = self.chats.iter().find_map(|(id, chat)| Some((*id, Seq::new(chat.cursor)?)));
        let Some((conversation, mut seq)) = read else { return };
        if self.world.scenario.retention && self.world.random.once_in(3) {
            // Positions that may be reserved, and hold no entry.
            seq = Seq::new(seq.get() + self.world.random.between(1, 80)).unwrap_or(seq);
        }
        let (world, reader) = (Arc::clone(&self.world), self.identity);
        let marking = self.spawner.spawn(async move { world.mark_read(reader, conversation, seq).await });
        marking.within(self.patience()).await;
    }

    /// Handles the frames that the gateway delivered.
    pub(crate) fn receive(&mut self) {
        for frame in self.frames() {
            self.take(frame);
        }
    }

    pub(crate) fn frames(&self) -> Vec<ServerFrame> {
        let frames = self.socket.as_ref().map(|socket| frames_of(&self.world, socket));
        let frames = frames.unwrap_or_default();
        frames.iter().for_each(|frame| self.world.note(self.identity.user, frame));
        frames
    }

    pub(crate) fn take(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Message(message) => self.show(message),
            // Part of an answer that the device gave up on: its messages are valid all the same.
            ServerFrame::Sync(part) => {
                part.conversations
                    .into_iter()
                    .flat_map(|part| part.messages)
                    .for_each(|message| self.show(message));
            }
            ServerFrame::Receipt(_) | ServerFrame::Conversation(_) => {}
            ServerFrame::Ack(_)
            | ServerFrame::Acks(_)
            | ServerFrame::History(_)
            | ServerFrame::Ok(_)
            | ServerFrame::Typing(_)
            | ServerFrame::Presence(_)
            | ServerFrame::Heartbeat(_)
            | ServerFrame::Contact(_)
            | ServerFrame::Profile(_)
            | ServerFrame::Closing(_)
            | ServerFrame::Error(_) => self.world.fault(format!("unexpected frame {frame:?}")),
        }
    }

    pub(crate) fn show(&mut self, message: Message) {
        let id: ConversationId = wire::parse_id("conversation", &message.conversation).unwrap();
        if let ConversationId::Dm { lower, upper } = id
            && membership::peer_of((lower, upper), self.identity.user).is_err()
        {
            self.world.fault(format!("{:?} got a message of {id:?}", self.identity.user));
        }
        let chat = self.chats.entry(id).or_default();
        let shown = chat.messages.entry(message.seq).or_insert_with(|| message.clone());
        if *shown != message {
            self.world.fault(format!("{id:?} {} was shown as {shown:?}, then as {message:?}", message.seq));
        }
        chat.left = false;
        chat.go_on();
        self.wants_sync |= chat.has_hole();
    }
}

/// The frames that the gateway delivered to a socket since the last call.
fn frames_of(world: &World, socket: &ConnectionId) -> Vec<ServerFrame> {
    let frames = world.gateway.take_frames(socket).into_iter();
    frames.map(|frame| serde_json::from_slice(&frame).unwrap()).collect()
}

impl Chat {
    pub(crate) fn go_on(&mut self) {
        while self.messages.contains_key(&(self.cursor + 1)) {
            self.cursor += 1;
        }
    }

    pub(crate) fn has_hole(&self) -> bool {
        !self.left && self.messages.last_key_value().is_some_and(|(last, _)| *last > self.cursor)
    }
}
