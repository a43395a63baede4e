//! Routes `sync`, `history` and `read`: what a device has missed, what came
//! before, and how far its user has read.

pub mod config;

use confab_app::read_history::{Anchor, PageSize, read_history};
use confab_app::{Error, mark_read::mark_read, sync, wire};
use confab_domain::retention::Retention;
use confab_gateway_apigw::Gateway;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_protocol::{ServerFrame, client, limits, server};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct Sync {
    /// Logs, inbox rows, groups, sessions.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// How long messages are kept.
    pub retention: Retention,
}

impl Sync {
    /// Answers by the event's route.
    pub async fn handle(&self, event: Event) -> Response {
        match event.request_context.route_key.as_str() {
            "sync" => answer(&event, async |caller, frame| self.sync(caller, frame).await).await,
            "history" => answer(&event, async |caller, frame| self.history(caller, frame).await).await,
            "read" => answer(&event, async |caller, frame| self.read(caller, frame).await).await,
            _ => Response::error(None, &Error::Internal("a route that is not this function's")),
        }
    }

    async fn sync(&self, caller: Caller, frame: client::Sync) -> Result<Option<ServerFrame>, Error> {
        let Caller { identity, connection, now } = caller;
        let command = sync::Sync::parse(frame)?;
        sync::sync(&self.store, &self.gateway, identity.user, &connection, &command, self.retention, now)
            .await
            .map(Some)
    }

    async fn history(&self, caller: Caller, frame: client::History) -> Result<Option<ServerFrame>, Error> {
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
        Ok(Some(ServerFrame::History(server::History {
            id: frame.id,
            conversation: conversation.to_string(),
            messages: page.messages.iter().map(wire::event_message).collect(),
            more: page.more,
        })))
    }

    async fn read(&self, caller: Caller, frame: client::Read) -> Result<Option<ServerFrame>, Error> {
        let conversation = wire::parse_id("conversation", &frame.conversation)?;
        let seq = wire::parse_seq("seq", frame.seq)?;
        let (reader, origin) = (caller.identity.user, Some(&caller.connection));
        mark_read(&self.store, &self.gateway, reader, origin, conversation, seq, caller.now).await?;
        Ok(frame.id.map(|id| ServerFrame::Ok(server::Ok { id })))
    }
}
