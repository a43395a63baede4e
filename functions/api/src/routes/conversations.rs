//! The chat list, history, and sending over HTTP.

#![allow(unused_qualifications, reason = "utoipa writes the names of parameters so")]

use axum::Json;
use axum::extract::State;
use confab_app::messages::chat_list::{change_conversation, chat_list};
use confab_app::messages::read_history::{Anchor, PageSize, read_history};
use confab_app::messages::read_markers::read_markers;
use confab_app::messages::send_message::{Reading, SendMessage, send_message};
use confab_app::{Costed, wire};
use confab_domain::ConversationId;
use confab_domain::budget::{ANSWER_MIN, Budget};
use confab_lambda::random;
use confab_protocol::http::{ChatList, Conversation, ConversationPatch, MessagePage, PostMessage, Receipts};
use confab_protocol::{Ack, limits, schema};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Shared;
use crate::answer::Failure;
use crate::extract::{Body, Caller, Id, LongBody, Params};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// `next` of the page before.
    #[param(value_type = Option<schema::ConversationId>)]
    cursor: Option<String>,
}

/// List a page of the chat list.
#[utoipa::path(get, path = "/v1/conversations", operation_id = "list_conversations", tag = "conversations",
    security(("access_token" = [])), params(ListParams), responses(
    (status = 200, body = ChatList),
    (status = 429, description = "The user's read budget is used up."),
))]
pub(super) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    params: Params<ListParams>,
) -> Result<Json<ChatList>, Failure> {
    let cursor = params.cursor.as_deref().map(|cursor| wire::parse_id("cursor", cursor)).transpose()?;
    let (user, retention) = (caller.identity.user, api.writer.retention);
    api.answer(&caller, chat_list(&api.store, user, cursor, retention, caller.now)).await
}

/// Change the caller's settings of a conversation: mute it, end the mute, or accept to be added to a group again.
#[utoipa::path(patch, path = "/v1/conversations/{conversation}", operation_id = "update_conversation", tag = "conversations",
    security(("access_token" = [])),
    params(("conversation" = schema::ConversationId, Path)),
    request_body = ConversationPatch, responses(
    (status = 200, body = Conversation),
    (status = 403),
    (status = 404),
    (status = 429),
))]
pub(super) async fn change(
    State(api): State<Shared>,
    caller: Caller,
    Id(conversation): Id<ConversationId>,
    Body(patch): Body<ConversationPatch>,
) -> Result<Json<Conversation>, Failure> {
    let (identity, retention) = (caller.identity, api.writer.retention);
    let changed = change_conversation(
        &api.store,
        &api.push_queue,
        identity,
        conversation,
        patch,
        retention,
        caller.now,
    );
    api.answer(&caller, changed).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Return the messages just before this `seq`.
    before: Option<u64>,
    /// Return the messages just after this `seq`; 0 begins at the first message.
    after: Option<u64>,
    /// Return the message at this `seq`, with as many before it as after.
    around: Option<u64>,
    /// Most messages of the page: 1–100, 50 if absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// List a page of a conversation's messages: the newest, if no position is given.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/messages", operation_id = "list_messages", tag = "conversations",
    security(("access_token" = [])),
    params(("conversation" = schema::ConversationId, Path), PageParams), responses(
    (status = 200, body = MessagePage),
    (status = 403),
    (status = 429, description = "The user's read budget is used up."),
))]
pub(super) async fn messages(
    State(api): State<Shared>,
    caller: Caller,
    Id(conversation): Id<ConversationId>,
    params: Params<PageParams>,
) -> Result<Json<MessagePage>, Failure> {
    let anchor = Anchor::parse(params.before, params.after, params.around)?;
    let size = PageSize {
        messages_max: wire::parse_limit(params.limit)?,
        bytes_max: limits::HTTP_PAGE_BYTES_MAX,
        bytes_of: |message: &_| wire::escaped_json_bytes(&wire::message(message)) + 1,
    };
    let (user, retention) = (caller.identity.user, api.writer.retention);
    let reading = async {
        let page = read_history(&api.store, user, conversation, anchor, size, retention, caller.now).await?;
        let rows = page.scanned.saturating_mul(ANSWER_MIN);
        let messages = page.messages.iter().map(wire::message).collect();
        Ok(Costed { answer: MessagePage { messages, more: page.more }, rows })
    };
    api.answer(&caller, reading).await
}

/// Send a message. Texts that are too large for a WebSocket frame are sent by this call.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/messages", operation_id = "send_message", tag = "conversations",
    security(("access_token" = [])),
    params(("conversation" = schema::ConversationId, Path)),
    request_body = PostMessage, responses(
    (status = 200, body = Ack),
    (status = 403),
    (status = 404),
    (status = 413),
    (status = 429, description = "The user has sent too many messages."),
))]
pub(super) async fn post_message(
    State(api): State<Shared>,
    mut caller: Caller,
    Id(conversation): Id<ConversationId>,
    LongBody(post): LongBody<PostMessage>,
) -> Result<Json<Ack>, Failure> {
    let command = SendMessage {
        sender: caller.identity.user,
        origin: None,
        conversation,
        key: wire::parse_id("client_message_id", &post.client_message_id)?,
        content: wire::parse_content(wire::RawContent {
            text: post.text,
            attachments: post.attachments,
            reply_to: post.reply_to,
            mentions: post.mentions,
        })?,
        attempt: random::attempt()?,
        reading: Some(Reading::parse(caller.identity.device, post.read_seq)?),
    };
    let user = caller.identity.user;
    api.limiter.take(user, Budget::Writes, caller.now)?;
    let _permit = api.send_permit(&mut caller).await?;
    let now = caller.now;
    let delivery = api.delivery();
    let ways = (&delivery, &api.queue);
    // The login is alive: `Caller` has checked it, and `send_permit` checks it again after a wait.
    let authorized = std::future::ready(Ok(()));
    let sent = send_message(&api.store, ways, &api.writer, command, authorized, now).await;
    let sent = sent.inspect_err(|error| api.limiter.charge_unknown_recipient(user, error, now));
    api.limiter.settle(&api.store, user, now).await;
    Ok(Json(sent?))
}

/// List how far each member has read.
#[utoipa::path(get, path = "/v1/conversations/{conversation}/receipts", operation_id = "list_receipts", tag = "conversations",
    security(("access_token" = [])),
    params(("conversation" = schema::ConversationId, Path)), responses(
    (status = 200, body = Receipts),
    (status = 403),
    (status = 429),
))]
pub(super) async fn receipts(
    State(api): State<Shared>,
    caller: Caller,
    Id(conversation): Id<ConversationId>,
) -> Result<Json<Receipts>, Failure> {
    api.answer(&caller, read_markers(&api.store, caller.identity.user, conversation)).await
}
