//! Routes `sync`, `history`, `read`, `typing` and `presence`: missed and earlier messages, read marks, typing events
//! and presence.

pub mod config;
mod metered;

use std::sync::Arc;

use confab_app::connections::authorize_frame::authorize_frame;
use confab_app::delivery::typing::{Typists, typing};
use confab_app::messages::read_history::{Anchor, PageSize, read_history};
use confab_app::presence::ask::get_presence;
use confab_app::sync::ScannedConversation;
use confab_app::{Costed, Error, Limiter, Permit, messages::mark_read::mark_read, sync, wire};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::queue_sqs::SqsPushQueue;
use confab_domain::budget::{ANSWER_MIN, Budget};
use confab_domain::retention::Retention;
use confab_domain::{Attendance, Refusal, UserId};
use confab_lambda::clock;
use confab_lambda::presence::PresencePorts;
use confab_lambda::sleeper::RuntimeSleeper;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_protocol::client::Frame;
use confab_protocol::{ServerFrame, client, limits, server};
use confab_store_dynamodb::Store;
use serde::de::DeserializeOwned;

use metered::Metered;

/// The function.
#[derive(Debug)]
pub struct SyncFunction {
    /// Logs, inbox rows, groups, contacts, sessions, devices.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Heartbeat policy, probes, and the queue of lease checks: each frame renews its sender's lease.
    pub presence: PresencePorts,
    /// Queue of pushes.
    pub push: SqsPushQueue,
    /// How long messages are kept.
    pub retention: Retention,
    /// Rate limits of typing events, kept while the environment is warm.
    pub typists: Typists,
    /// Budgets of users.
    pub limiter: Arc<Limiter>,
}

/// Permit of its user that a frame waits for before it calls a store.
#[derive(Clone, Copy)]
enum Place {
    /// None: the frame has a permit already, or costs little.
    Given,
    /// A permit for answers; the wait is limited.
    ToRead,
    /// A permit for messages and read marks; the wait is not limited.
    ToWrite,
}

impl SyncFunction {
    /// Answers a frame by the event's route.
    pub async fn handle(&self, event: Event) -> Response {
        use Attendance::{Attended, Unstated};
        match event.request_context.route_key.as_str() {
            "sync" => {
                self.authorized(&event, (Budget::Answers, Unstated, Place::Given), async |caller, frame| {
                    self.sync(caller, frame).await
                })
                .await
            }
            "history" => {
                self.authorized(&event, (Budget::Answers, Unstated, Place::Given), async |caller, frame| {
                    self.history(caller, frame).await
                })
                .await
            }
            "read" => {
                self.authorized(&event, (Budget::Frames, Attended, Place::ToWrite), async |caller, frame| {
                    self.read(caller, frame).await
                })
                .await
            }
            "typing" => {
                self.authorized(&event, (Budget::Frames, Attended, Place::Given), async |caller, frame| {
                    self.typing(caller, frame).await
                })
                .await
            }
            "presence" => {
                self.authorized(&event, (Budget::Frames, Unstated, Place::ToRead), async |caller, frame| {
                    self.who(caller, frame).await
                })
                .await
            }
            _ => Response::error(None, &Error::Internal("the event names a route of another function")),
        }
    }

    /// Answers a frame if its connection may act, and renews the lease of its user.
    async fn authorized<F: Frame + DeserializeOwned>(
        &self,
        event: &Event,
        (budget, attendance, place): (Budget, Attendance, Place),
        act: impl AsyncFnOnce(Caller, F) -> Result<Option<ServerFrame>, Error>,
    ) -> Response {
        let ways = (&*self.limiter, budget, &self.gateway);
        answer(event, ways, async |mut caller: Caller, frame| {
            caller.connection.attendance = attendance;
            let _permit = self.permit(place, &mut caller).await?;
            let context = self.presence.context(&self.store, caller.now)?;
            let (user, now) = (caller.identity.user, caller.now);
            let Caller { identity, connection, .. } = &caller;
            // Runs before the frame and not beside it: these frames post and write while they run.
            authorize_frame(&context, &self.gateway, &self.limiter, *identity, connection).await?;
            let answer = Box::pin(act(caller, frame)).await;
            // The charge for a large answer comes after `authorize_frame` has read the session row.
            self.limiter.settle(&self.store, user, now).await;
            answer
        })
        .await
    }

    /// Waits for the permit, if the frame needs one.
    async fn permit(&self, place: Place, caller: &mut Caller) -> Result<Option<Permit<'_, UserId>>, Refusal> {
        let user = caller.identity.user;
        let permit = match place {
            Place::Given => return Ok(None),
            Place::ToRead => self.limiter.read_permit(user, &RuntimeSleeper).await?,
            Place::ToWrite => self.limiter.write_permit(user).await,
        };
        // Read after the wait: an earlier time would look like a clock that went back.
        caller.now = clock::now();
        Ok(Some(permit))
    }

    async fn sync(&self, caller: Caller, frame: client::SyncRequest) -> Result<Option<ServerFrame>, Error> {
        let Caller { identity, connection, now, deadline } = caller;
        let command = sync::SyncQuery::parse(frame)?;
        let (store, user, retention) = (&self.store, identity.user, self.retention);
        let gateway = Metered { connections: &self.gateway, limiter: &self.limiter, user, now };
        gateway.begin(&command);
        let pace = (&deadline, &|scanned: &ScannedConversation| gateway.charge_scan(&command, scanned));
        sync::sync(store, &gateway, user, &connection.id, &command, retention, now, pace).await.map(Some)
    }

    async fn history(
        &self,
        caller: Caller,
        frame: client::HistoryRequest,
    ) -> Result<Option<ServerFrame>, Error> {
        let conversation = wire::parse_id("conversation", &frame.conversation)?;
        let anchor = Anchor::parse(frame.before, frame.after, None)?;
        let size = PageSize {
            messages_max: wire::parse_limit(frame.limit)?,
            bytes_max: limits::ANSWER_BYTES_MAX,
            bytes_of: |message: &_| wire::json_bytes(&wire::event_message(message)) + 1,
        };
        let reader = caller.identity.user;
        let page =
            read_history(&self.store, reader, conversation, anchor, size, self.retention, caller.now).await?;
        self.limiter.end_answer(reader, 0, page.scanned.saturating_mul(ANSWER_MIN), caller.now);
        Ok(Some(ServerFrame::History(server::HistoryFrame {
            id: frame.id,
            conversation: conversation.to_string(),
            messages: page.messages.iter().map(wire::event_message).collect(),
            more: page.more,
        })))
    }

    async fn read(&self, caller: Caller, frame: client::ReadRequest) -> Result<Option<ServerFrame>, Error> {
        let conversation = wire::parse_id("conversation", &frame.conversation)?;
        let seq = wire::parse_seq("seq", frame.seq)?;
        let (reader, origin) = (caller.identity, Some(&caller.connection.id));
        let ways = (&self.gateway, &self.push);
        mark_read(&self.store, ways, reader, origin, conversation, seq, caller.now).await?;
        Ok(frame.id.map(|id| ServerFrame::Ok(server::OkFrame { id })))
    }

    async fn typing(
        &self,
        caller: Caller,
        frame: client::TypingRequest,
    ) -> Result<Option<ServerFrame>, Error> {
        let conversation = wire::parse_id("conversation", &frame.conversation)?;
        let typist = caller.identity.user;
        typing(&self.store, &self.gateway, &self.typists, typist, conversation, caller.now).await?;
        Ok(None)
    }

    async fn who(
        &self,
        caller: Caller,
        frame: client::PresenceRequest,
    ) -> Result<Option<ServerFrame>, Error> {
        if frame.users.len() > limits::PRESENCE_USERS_MAX {
            return Err(Refusal::field("users", format!("at most {}", limits::PRESENCE_USERS_MAX)).into());
        }
        let users = frame.users.iter().map(|user| wire::parse_id("users", user));
        let users = users.collect::<Result<Vec<_>, _>>()?;
        let (asker, now) = (caller.identity.user, caller.now);
        let context = self.presence.context(&self.store, now)?;
        // Charged as an answer too: this frame reads more than other frames do.
        self.limiter.begin_answer(asker, now)?;
        let Costed { answer: users, rows } = get_presence(&context, &self.gateway, asker, &users).await?;
        self.limiter.end_answer(asker, 0, rows, now);
        Ok(Some(ServerFrame::Presence(server::PresenceFrame { id: Some(frame.id), users })))
    }
}
