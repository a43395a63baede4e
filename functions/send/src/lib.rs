//! Route `send`: appends a message once, and tells the members' devices.

pub mod config;

use std::sync::Arc;

use confab_app::authorize_frame::authorize_frame;
use confab_app::delivery::Delivery;
use confab_app::send_message::{SendMessage, Writer, send_message};
use confab_app::{Error, Limiter, wire};
use confab_domain::budget::Budget;
use confab_domain::{Attendance, Connection};
use confab_gateway_apigw::Gateway;
use confab_lambda::presence::Presence;
use confab_lambda::random;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_protocol::{Ack, ServerFrame, client};
use confab_queue_sqs::{SqsFanOutQueue, SqsPushQueue};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct Send {
    /// Logs, inbox rows, groups, contacts, accounts, sessions, devices.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// What is announced later.
    pub queue: SqsFanOutQueue,
    /// Who was not reached.
    pub push: SqsPushQueue,
    /// Whoever sends is there.
    pub presence: Presence,
    /// What a warm environment keeps.
    pub writer: Writer,
    /// What each user may still ask for.
    pub limiter: Arc<Limiter>,
}

impl Send {
    /// Answers with `ack`, or an error.
    pub async fn handle(&self, event: Event) -> Response {
        let ways = (&*self.limiter, Budget::Writes, &self.gateway);
        answer(&event, ways, async |caller: Caller, frame: client::Send| {
            self.send(&caller, command(&caller, frame)?).await.map(|ack| Some(ServerFrame::Ack(ack)))
        })
        .await
    }

    async fn send(&self, caller: &Caller, command: SendMessage) -> Result<Ack, Error> {
        let Caller { identity, connection, now } = caller;
        let connection = &Connection { attendance: Attendance::Attended, ..connection.clone() };
        let context = self.presence.context(&self.store, *now)?;
        let delivery = Delivery {
            connections: &self.gateway,
            push: &self.push,
            policy: self.presence.policy,
            probes: &self.presence.probes,
        };
        let authorized = async {
            authorize_frame(&context, &self.gateway, &self.limiter, *identity, connection).await.map(drop)
        };
        let ways = (&delivery, &self.queue);
        // Boxed, since a large future is copied whenever it moves.
        Box::pin(send_message(&self.store, ways, &self.writer, command, authorized, *now)).await
    }
}

fn command(caller: &Caller, frame: client::Send) -> Result<SendMessage, Error> {
    let sender = caller.identity.user;
    Ok(SendMessage {
        sender,
        origin: Some(caller.connection.id.clone()),
        conversation: wire::parse_recipient(&frame.to, sender)?,
        key: wire::parse_id("id", &frame.id)?,
        content: wire::parse_content(wire::RawContent {
            text: frame.text,
            attachments: frame.attachments,
            reply_to: frame.reply_to,
            mentions: frame.mentions,
        })?,
        attempt: random::attempt()?,
    })
}
