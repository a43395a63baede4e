//! The functions, as a client invokes them.

use std::future::ready;
use std::time::Duration;

use confab_app::connections::authorize_frame::authorize_frame;
use confab_app::delivery::deliver::Delivery;
use confab_app::groups::change_group::{Actor, Context, GroupCommand};
use confab_app::messages::send_message::{Reading, SendMessage, send_message};
use confab_app::ports::{Identity, Inboxes};
use confab_app::presence::renew;
use confab_app::push::PushTask;
use confab_app::{connections::close_connection, connections::open_connection, messages::mark_read};
use confab_domain::log::Attempt;
use confab_domain::own_mark::ReadThrough;
use confab_domain::{
    Attendance, ClientMessageId, Connection, ConnectionId, Content, ConversationId, Seq, Timestamp, UserId,
};
use confab_memory::{DelayQueue, Gateway, PostFault};
use confab_protocol::Ack;

use super::ledger::{Said, Sent, Socket};
use super::scenario::POLICY;
use super::server::{Bug, Server};
use super::world::World;
use crate::own_marks::read_through;
use crate::world::{key, socket};

impl<'a> Server<'a> {
    pub(crate) fn delivery(&self) -> Delivery<'a, Gateway, DelayQueue<PushTask>> {
        Delivery {
            connections: &self.world.gateway,
            push: &self.world.queue,
            policy: POLICY,
            probes: &self.world.probes,
        }
    }
}

impl World {
    /// The `$connect` function, and the gateway's opening of the socket.
    pub(crate) async fn connect(&self, identity: Identity) -> Option<ConnectionId> {
        let id = ConnectionId::new(format!("c{}=", self.next_number()));
        let (user, opened) = (identity.user, self.clock.now());
        self.gateway.open(id.clone());
        let is_silent = self.random.once_in(self.scenario.silent_once_in);
        self.gateway.set_fault_of(&id, is_silent.then_some(PostFault::Full));
        let (recorded, dropped, said) = (None, None, Vec::new());
        let socket = Socket { user, id: id.clone(), opened, recorded, dropped, is_silent, said };
        self.ledger().sockets.push(socket);
        let server = Server::new(self);
        let context = server.presence();
        let connection = crate::world::socket(identity, &id, server.now);
        let opening = open_connection::open_connection(&context, &self.gateway, identity, &connection);
        let answer = self.invoke(&server, opening).await;
        self.note_report(user, &id, opened);
        if !matches!(answer, Some(Ok(()))) {
            self.drop_socket(&id);
            return None;
        }
        let now = self.clock.now();
        self.ledger().sockets.iter_mut().rfind(|socket| socket.id == id).unwrap().recorded = Some(now);
        Some(id)
    }

    pub(crate) fn drop_socket(&self, id: &ConnectionId) {
        self.gateway.drop_socket(id);
        let now = self.clock.now();
        let mut ledger = self.ledger();
        let socket = ledger.sockets.iter_mut().find(|socket| socket.id == *id);
        socket.unwrap().dropped.get_or_insert(now);
    }

    fn note_report(&self, user: UserId, connection: &ConnectionId, began: Timestamp) {
        let span = (began, self.clock.now());
        let mut ledger = self.ledger();
        ledger.renewed.entry(user).or_default().push(span);
        if !self.gateway.is_open(connection) {
            ledger.renewed_at_the_end.insert((user, span));
        }
    }

    /// Records the attendance of a frame before it is sent; returns its index.
    fn note_said(&self, connection: &Connection, is_hint: bool) -> usize {
        let began = self.clock.now();
        let said = Said { began, ended: None, attendance: connection.attendance, is_hint };
        let mut ledger = self.ledger();
        let socket = ledger.sockets.iter_mut().rfind(|socket| socket.id == connection.id).unwrap();
        socket.said.push(said);
        socket.said.len() - 1
    }

    fn note_said_until_now(&self, connection: &ConnectionId, index: usize) {
        let now = self.clock.now();
        let mut ledger = self.ledger();
        let socket = ledger.sockets.iter_mut().rfind(|socket| socket.id == *connection).unwrap();
        socket.said[index].ended = Some(now);
    }

    /// The `$disconnect` function.
    pub(crate) async fn disconnect(&self, identity: Identity, connection: ConnectionId) {
        let server = Server::new(self);
        let key = key(identity, &connection);
        self.invoke(&server, close_connection::close_connection(&server, identity.user, key, server.now))
            .await;
    }

    /// The `heartbeat` function.
    pub(crate) async fn heartbeat(
        &self,
        identity: Identity,
        connection: ConnectionId,
        attendance: Attendance,
    ) {
        let began = self.clock.now();
        let server = Server::new(self);
        let context = server.presence();
        let socket = Connection { attendance, ..socket(identity, &connection, server.now) };
        let said = self.note_said(&socket, false);
        self.invoke(&server, renew::heartbeat(&context, &self.gateway, &self.limiter, identity, &socket))
            .await;
        self.note_said_until_now(&connection, said);
        self.note_report(identity.user, &connection, began);
    }

    /// Sends a message without a read position.
    pub(crate) async fn send(
        &self,
        sender: UserId,
        conversation: ConversationId,
        origin: Option<ConnectionId>,
    ) -> bool {
        let key = self.next_key();
        self.send_as(sender, conversation, origin, (key, None)).await.is_some()
    }

    /// Sends a message with the author's read position.
    pub(crate) async fn write(
        &self,
        author: Identity,
        conversation: ConversationId,
        origin: Option<ConnectionId>,
        through: ReadThrough,
    ) {
        let (user, key) = (author.user, self.next_key());
        let began = self.clock.now();
        let mut sent =
            Sent { span: (began, Timestamp::from_ms(u64::MAX)), conversation, through, acked: None };
        self.ledger().sent.insert((user, key.clone()), sent.clone());
        let through =
            if self.scenario.bug == Some(Bug::ReadSeqIgnored) { ReadThrough::BeforeMessage } else { through };
        let reading = Some(Reading { device: author.device, through });
        let ack = self.send_as(user, conversation, origin, (key.clone(), reading)).await;
        sent.span = (began, self.clock.now());
        sent.acked = ack.and_then(|ack| Seq::new(ack.seq));
        let mut ledger = self.ledger();
        if let Some(seq) = sent.acked.and_then(|at| read_through(at, sent.through)) {
            let own = ledger.own_reads.entry((author.device, conversation)).or_insert(seq);
            *own = (*own).max(seq);
        }
        ledger.sent.insert((user, key), sent);
    }

    fn next_key(&self) -> ClientMessageId {
        format!("m{}", self.next_number()).parse().unwrap()
    }

    /// The `send` function, or `POST` of a message without a socket.
    async fn send_as(
        &self,
        sender: UserId,
        conversation: ConversationId,
        origin: Option<ConnectionId>,
        (key, reading): (ClientMessageId, Option<Reading>),
    ) -> Option<Ack> {
        let content = Content { text: Some("Shall we meet?".to_owned()), ..Content::default() };
        let attempt = Attempt(u32::try_from(self.random.below(1 << 32)).unwrap());
        let command = SendMessage { sender, origin, conversation, key, content, attempt, reading };
        let server = Server::of_send(self);
        let delivery = server.delivery();
        let sending =
            send_message(&server, (&delivery, &server), &self.writer, command, ready(Ok(())), server.now);
        self.invoke(&server, sending).await.and_then(Result::ok)
    }

    /// The `read` route of the `sync` function.
    pub(crate) async fn read(
        &self,
        reader: Identity,
        connection: &ConnectionId,
        conversation: ConversationId,
        seq: Seq,
    ) {
        let began = self.clock.now();
        let server = Server::new(self);
        let ways = (&self.gateway, &self.queue);
        let attendance = Attendance::Attended;
        let socket = Connection { attendance, ..socket(reader, connection, server.now) };
        let said = self.note_said(&socket, true);
        let marks = self.ledger().marks.get(&(reader.user, conversation)).copied();
        self.ledger().marks.insert((reader.user, conversation), marks.map_or(seq, |marked| marked.max(seq)));
        let reading = async {
            authorize_frame(&server.presence(), &self.gateway, &self.limiter, reader, &socket).await?;
            mark_read::mark_read(&server, ways, reader, Some(connection), conversation, seq, server.now).await
        };
        let answer = self.invoke(&server, reading).await;
        self.note_said_until_now(connection, said);
        self.note_report(reader.user, connection, began);
        if matches!(answer, Some(Ok(()))) {
            let mut ledger = self.ledger();
            let own = ledger.own_reads.entry((reader.device, conversation)).or_insert(seq);
            *own = (*own).max(seq);
        }
    }

    /// `PATCH` of a conversation.
    pub(crate) async fn mute(&self, user: UserId, conversation: ConversationId, muted: Option<Duration>) {
        let began = self.clock.now();
        let server = Server::new(self);
        let until = muted.map(|muted| server.now.plus(muted));
        let muting = async { Ok(server.mute(user, conversation, until).await?) };
        if !matches!(self.invoke(&server, muting).await, Some(Ok(true))) {
            // There is no row or no membership.
            return;
        }
        let span = (began, self.clock.now());
        self.ledger().mutes.entry((user, conversation)).or_default().push((span, until));
    }

    /// Removes a user from the group, or adds them.
    pub(crate) async fn turn(&self, owner: UserId, user: UserId, comes: bool) {
        let began = self.clock.now();
        let command =
            if comes { GroupCommand::PutMember(user, None) } else { GroupCommand::RemoveMember(user) };
        let attempt = Attempt(u32::try_from(self.random.below(1 << 32)).unwrap());
        let actor = Actor { user: owner, key: format!("g{}", self.next_number()).parse().unwrap(), attempt };
        let server = Server::new(self);
        let context =
            Context { store: &server, delivery: server.delivery(), queue: &server, writer: &self.writer };
        self.invoke(&server, context.change(Self::group(), &actor, &command, server.now)).await;
        let span = (began, self.clock.now());
        self.ledger().turns.entry(user).or_default().push(span);
    }
}
