//! The functions, as a client invokes them.

use std::future::ready;
use std::time::Duration;

use confab_app::authorize_frame::authorize_frame;
use confab_app::change_group::{Actor, Context, Wish};
use confab_app::delivery::Delivery;
use confab_app::ports::{Identity, Inboxes};
use confab_app::presence::hear;
use confab_app::push::PushTask;
use confab_app::send_message::{SendMessage, send_message};
use confab_app::{close_connection, mark_read, open_connection};
use confab_domain::log::Attempt;
use confab_domain::{ConnectionId, Content, ConversationId, Seq, Timestamp, UserId};
use confab_memory::{DelayQueue, Gateway, PostFault};

use super::ledger::Socket;
use super::scenario::POLICY;
use super::server::Server;
use super::world::World;
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
        let socket = Socket { user, id: id.clone(), opened, recorded: None, dropped: None, is_silent };
        self.ledger().sockets.push(socket);
        let server = Server::new(self);
        let context = server.presence();
        let connection = crate::world::socket(identity, &id, server.now);
        let opening = open_connection::open_connection(&context, &self.gateway, identity, &connection);
        let answer = self.invoke(&server, opening).await;
        self.note_heard(user, &id, opened);
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

    fn note_heard(&self, user: UserId, connection: &ConnectionId, began: Timestamp) {
        let span = (began, self.clock.now());
        let mut ledger = self.ledger();
        ledger.heard.entry(user).or_default().push(span);
        if !self.gateway.is_open(connection) {
            ledger.heard_at_the_end.insert((user, span));
        }
    }

    /// The `$disconnect` function.
    pub(crate) async fn disconnect(&self, identity: Identity, connection: ConnectionId) {
        let server = Server::new(self);
        let key = key(identity, &connection);
        self.invoke(&server, close_connection::close_connection(&server, identity.user, key, server.now))
            .await;
    }

    /// The `heartbeat` function.
    pub(crate) async fn heartbeat(&self, identity: Identity, connection: ConnectionId) {
        let began = self.clock.now();
        let server = Server::new(self);
        let context = server.presence();
        let socket = socket(identity, &connection, server.now);
        self.invoke(&server, hear::heartbeat(&context, &self.gateway, &self.limiter, identity, &socket))
            .await;
        self.note_heard(identity.user, &connection, began);
    }

    /// The `send` function, or `POST` of a message where there is no socket.
    pub(crate) async fn send(
        &self,
        sender: UserId,
        conversation: ConversationId,
        origin: Option<ConnectionId>,
    ) -> bool {
        let key = format!("m{}", self.next_number()).parse().unwrap();
        let content = Content { text: Some("Shall we meet?".to_owned()), ..Content::default() };
        let attempt = Attempt(u32::try_from(self.random.below(1 << 32)).unwrap());
        let command = SendMessage { sender, origin, conversation, key, content, attempt, reading: None };
        let server = Server::new(self);
        let delivery = server.delivery();
        let sending =
            send_message(&server, (&delivery, &server), &self.writer, command, ready(Ok(())), server.now);
        matches!(self.invoke(&server, sending).await, Some(Ok(_)))
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
        let reading = async {
            let socket = socket(reader, connection, server.now);
            authorize_frame(&server.presence(), &self.gateway, &self.limiter, reader, &socket).await?;
            mark_read::mark_read(&server, ways, reader, Some(connection), conversation, seq, server.now).await
        };
        let answer = self.invoke(&server, reading).await;
        self.note_heard(reader.user, connection, began);
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
            // There is no row, or no membership.
            return;
        }
        let span = (began, self.clock.now());
        self.ledger().mutes.entry((user, conversation)).or_default().push((span, until));
    }

    /// Takes a user out of the group, or in.
    pub(crate) async fn turn(&self, owner: UserId, user: UserId, comes: bool) {
        let began = self.clock.now();
        let wish = if comes { Wish::Member(user, None) } else { Wish::NoMember(user) };
        let attempt = Attempt(u32::try_from(self.random.below(1 << 32)).unwrap());
        let actor = Actor { user: owner, key: format!("g{}", self.next_number()).parse().unwrap(), attempt };
        let server = Server::new(self);
        let context =
            Context { store: &server, delivery: server.delivery(), queue: &server, writer: &self.writer };
        self.invoke(&server, context.change(Self::group(), &actor, &wish, server.now)).await;
        let span = (began, self.clock.now());
        self.ledger().turns.entry(user).or_default().push(span);
    }
}
