//! Route `send`: appends a message once, and tells the members' devices.

pub mod config;

use confab_app::Error;
use confab_app::send_message::{SendMessage, Writer, send_message};
use confab_app::wire;
use confab_domain::log::Attempt;
use confab_gateway_apigw::Gateway;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_protocol::{Ack, ServerFrame, client};
use confab_queue_sqs::SqsFanOutQueue;
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct Send {
    /// Logs, inbox rows, groups, accounts, sessions.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// What is announced later.
    pub queue: SqsFanOutQueue,
    /// What a warm environment keeps.
    pub writer: Writer,
}

impl Send {
    /// Answers with `ack`, or an error.
    pub async fn handle(&self, event: Event) -> Response {
        answer(&event, async |caller: Caller, frame: client::Send| {
            let command = command(&caller, frame)?;
            let ack =
                send_message(&self.store, (&self.gateway, &self.queue), &self.writer, command, caller.now)
                    .await;
            ack.map(|ack: Ack| Some(ServerFrame::Ack(ack)))
        })
        .await
    }
}

fn command(caller: &Caller, frame: client::Send) -> Result<SendMessage, Error> {
    let sender = caller.identity.user;
    Ok(SendMessage {
        sender,
        origin: Some(caller.connection.clone()),
        conversation: wire::parse_recipient(&frame.to, sender)?,
        key: wire::parse_id("id", &frame.id)?,
        content: wire::parse_content(wire::RawContent {
            text: frame.text,
            attachments: frame.attachments,
            reply_to: frame.reply_to,
            mentions: frame.mentions,
        })?,
        attempt: Attempt(getrandom::u32().map_err(|_| Error::Internal("no random numbers"))?),
    })
}
