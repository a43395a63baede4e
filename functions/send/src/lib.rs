//! Routes `send` and `send_many`: append messages idempotently, and announce them to the members' devices.

pub mod config;

use std::sync::Arc;

use confab_app::connections::authorize_frame::authorize_frame;
use confab_app::delivery::deliver::Delivery;
use confab_app::messages::send_message::{Reading, SendMessage, Writer, send_message};
use confab_app::ports::{Deadline, StoreError};
use confab_app::{Error, Limiter, wire};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::queue_sqs::{SqsFanOutQueue, SqsPushQueue};
use confab_domain::budget::Budget;
use confab_domain::{Attendance, Connection, ConversationId, Refusal};
use confab_lambda::deadline::Resumable;
use confab_lambda::presence::PresencePorts;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_lambda::{clock, random, summary};
use confab_protocol::client::{OneOfMany, SendManyRequest};
use confab_protocol::server::{Acks, SendOutcome};
use confab_protocol::{Ack, ServerFrame, client, limits};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct SendFunction {
    /// Logs, inbox rows, groups, contacts, accounts, sessions, devices.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Queue of announcements.
    pub queue: SqsFanOutQueue,
    /// Queue of pushes, for members who were not reached.
    pub push: SqsPushQueue,
    /// Heartbeat policy, probes, and the queue of lease checks: a send renews its sender's lease.
    pub presence: PresencePorts,
    /// State that a warm environment keeps for writes.
    pub writer: Writer,
    /// Budgets of users.
    pub limiter: Arc<Limiter>,
}

impl SendFunction {
    /// Answers with `ack` or `acks`, or an error.
    pub async fn handle(&self, event: Event) -> Response {
        let ways = (&*self.limiter, Budget::Writes, &self.gateway);
        if event.request_context.route_key == "send_many" {
            return answer(&event, ways, async |caller: Caller, frame: SendManyRequest| {
                self.send_many(caller, frame).await.map(|acks| Some(ServerFrame::Acks(acks)))
            })
            .await;
        }
        answer(&event, ways, async |caller: Caller, frame: client::SendRequest| {
            let to = wire::parse_recipient(&frame.to, caller.identity.user)?;
            let client::SendRequest { id, to: _, text, attachments, reply_to, mentions, read_seq } = frame;
            let message = OneOfMany { id, text, attachments, reply_to, mentions, read_seq };
            let command = command(&caller, to, message)?;
            let _permit = self.limiter.write_permit(caller.identity.user).await;
            self.send(caller, command).await.map(|ack| Some(ServerFrame::Ack(ack)))
        })
        .await
    }

    /// Sends the messages one after another, and stops at the first that fails.
    async fn send_many(&self, caller: Caller, frame: SendManyRequest) -> Result<Acks, Error> {
        if !(1..=limits::SEND_MANY_MAX).contains(&frame.messages.len()) {
            let expected = format!("must be from 1 to {} messages", limits::SEND_MANY_MAX);
            return Err(Refusal::field("messages", expected).into());
        }
        let to = wire::parse_recipient(&frame.to, caller.identity.user)?;
        let (time, mut acks) = (caller.deadline, Vec::new());
        for message in frame.messages {
            let id = message.id.clone();
            let sent = self.send_next(&caller, to, message, &time, acks.is_empty()).await;
            match sent {
                Ok(Ack { seq, sent_at_ms, duplicate, .. }) => {
                    acks.push(SendOutcome::Acked { id, seq, sent_at_ms, duplicate });
                }
                Err(error @ Error::ConnectionEnded(_)) => return Err(error),
                Err(error) => {
                    summary::log("send_many", Some(&error), time.elapsed());
                    let id = Some(id).filter(|id| id.len() <= limits::ID_BYTES_MAX);
                    acks.push(SendOutcome::Failed { id, error: wire::error_body(&error) });
                    break;
                }
            }
        }
        Ok(Acks { id: frame.id, acks })
    }

    /// Sends one of several messages, with a permit of its own. The frame has paid for the first.
    async fn send_next(
        &self,
        caller: &Caller,
        to: ConversationId,
        message: OneOfMany,
        time: &Resumable,
        is_first: bool,
    ) -> Result<Ack, Error> {
        let _permit = self.limiter.write_permit(caller.identity.user).await;
        if !is_first {
            if time.is_near() {
                return Err(
                    StoreError::Unavailable("there is no time left for another message".into()).into()
                );
            }
            self.limiter.take(caller.identity.user, Budget::Writes, clock::now())?;
        }
        self.send(caller.clone(), command(caller, to, message)?).await
    }

    /// Sends a message that holds its permit.
    async fn send(&self, caller: Caller, command: SendMessage) -> Result<Ack, Error> {
        let Caller { identity, connection, .. } = caller;
        // Read after the wait: an earlier time would look like a clock that went back.
        let now = clock::now();
        let connection = &Connection { attendance: Attendance::Attended, ..connection };
        let context = self.presence.context(&self.store, now)?;
        let delivery = Delivery {
            connections: &self.gateway,
            push: &self.push,
            policy: self.presence.policy,
            probes: &self.presence.probes,
        };
        let authorized = async {
            authorize_frame(&context, &self.gateway, &self.limiter, identity, connection).await.map(drop)
        };
        let ways = (&delivery, &self.queue);
        // Boxed, since a large future is copied whenever it moves.
        let sent = Box::pin(send_message(&self.store, ways, &self.writer, command, authorized, now)).await;
        sent.inspect_err(|error| self.limiter.charge_unknown_recipient(identity.user, error, now))
    }
}

fn command(caller: &Caller, to: ConversationId, message: OneOfMany) -> Result<SendMessage, Error> {
    Ok(SendMessage {
        sender: caller.identity.user,
        origin: Some(caller.connection.id.clone()),
        conversation: to,
        key: wire::parse_id("id", &message.id)?,
        content: wire::parse_content(wire::RawContent {
            text: message.text,
            attachments: message.attachments,
            reply_to: message.reply_to,
            mentions: message.mentions,
        })?,
        attempt: random::attempt()?,
        reading: Some(Reading::parse(caller.identity.device, message.read_seq)?),
    })
}
