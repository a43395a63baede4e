//! Bodies of the HTTP API.

mod accounts;
mod contacts;
mod conversations;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

#[cfg(feature = "openapi")]
use crate::schema;
use crate::{ErrorBody, Message};

pub use accounts::{DeviceLabel, Login, Logout, PasswordChange, Refresh, Session, Signup};
pub use contacts::{Block, Blocks, Contact, ContactPut, Contacts};
pub use conversations::{ChatList, Conversation, ReadMarker, Receipts};

/// Answer to a request that was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorAnswer {
    /// The error.
    pub error: ErrorBody,
}

/// Answer to `POST /v1/tickets`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ticket {
    /// Ticket that opens a WebSocket.
    pub ticket: String,
    /// WebSocket endpoint to connect to, with the ticket.
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub url: String,
    /// Life of the ticket. Unit: seconds.
    pub expires_in_seconds: u64,
}

/// Public profile of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// The user: `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// Unique handle, in lower case.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Handle))]
    pub handle: String,
    /// Name for people.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub display_name: String,
    /// A media id, or the address of a picture.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Avatar>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// Answer to `GET /v1/me`: the user's own profile, with private settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnProfile {
    /// The public profile.
    #[serde(flatten)]
    pub profile: Profile,
    /// Who may add the user to groups; `everyone` if absent.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::GroupAdds>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_adds: Option<String>,
}

/// Request body of `PATCH /v1/me`. Absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfilePatch {
    /// Name for people, 1–64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Name>))]
    pub display_name: Option<String>,
    /// A media id, or the address of a picture; `null` removes the avatar.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Avatar>))]
    pub avatar: Option<Option<String>>,
    /// Who may add the user to groups.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::GroupAdds>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_adds: Option<String>,
}

/// Request body of `POST /v1/groups`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewGroup {
    /// Name of the group, 1–64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub name: String,
    /// `usr_…` ids of up to 99 members besides the caller.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::UserId>, max_items = 99))]
    pub members: Vec<String>,
}

/// Request body of `PATCH /v1/groups/{group}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupPatch {
    /// Name of the group, 1–64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub name: String,
}

/// Request body of `PUT /v1/groups/{group}/members/{user}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutMember {
    /// `member`, `admin` or `owner`. If absent, a new member becomes a `member`, and a present member keeps the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Role>))]
    pub role: Option<String>,
}

/// A group, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// Id of the group and of its conversation: `grp_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::GroupId))]
    pub group: String,
    /// Name for people.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub name: String,
    /// Members, ascending by id.
    pub members: Vec<GroupMember>,
    /// Time of the group's creation. Unit: milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupMember {
    /// The member: `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// `owner`, `admin` or `member`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Role))]
    pub role: String,
    /// Start of the membership. Unit: milliseconds since the Unix epoch.
    pub joined_at_ms: u64,
}

/// Request body of `PATCH /v1/conversations/{c}`. Absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationPatch {
    /// Mutes the conversation until this time; `null`, or a time in the past, ends the mute. Unit: milliseconds since
    /// the Unix epoch.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub muted_until_ms: Option<Option<u64>>,
    /// `true`: a user who has left this group allows anybody to add them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_adds: Option<bool>,
}

/// Deserializes an object or `null`. Refuses an array, which serde would accept for a struct.
fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(Object(PhantomData))
}

/// Deserializes a present field: `null` as `Some(None)`. An absent field is `None`.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Request body of `POST /v1/conversations/{c}/messages`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostMessage {
    /// Idempotency key, 1–64 bytes: a repeated key gives the same message.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ClientMessageId))]
    pub client_message_id: String,
    /// The text of the message; required unless there are attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::MessageText>))]
    pub text: Option<String>,
    /// `med_…` ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<String>>,
    /// The `seq` of an earlier message of the conversation, which this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub reply_to: Option<u64>,
    /// `usr_…` ids of the mentioned users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<schema::UserId>>, max_items = 25))]
    pub mentions: Option<Vec<String>>,
    /// The author's read mark when the message was written, 0 for none; if absent, everything before the message
    /// counts as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<u64>,
}

/// Answer to `GET /v1/conversations/{c}/messages`: one page of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagePage {
    /// Messages, ascending by `seq`.
    pub messages: Vec<Message>,
    /// Whether there are more messages in the direction of the request.
    pub more: bool,
}

/// Answer to `GET /v1/devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Devices {
    /// Devices, the oldest login first.
    pub devices: Vec<Device>,
}

/// A device on which the user is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    /// Id of the device: `dev_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::DeviceId))]
    pub device: String,
    /// The device's name, chosen by the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub name: Option<String>,
    /// The device's platform, stated by the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub platform: Option<String>,
    /// Platform of the device's pushes, `apns` or `fcm`; absent if the device gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::PushPlatform>))]
    pub push: Option<String>,
    /// Time of the login. Unit: milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// Time of the last login or token refresh. Unit: milliseconds since the Unix epoch.
    pub last_active_at_ms: u64,
    /// Whether the device has an open WebSocket.
    pub connected: bool,
    /// Whether the request came from this device.
    pub current: bool,
}

/// Request body of `PUT /v1/devices/self/push`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushRegistration {
    /// Platform of the pushes, `apns` or `fcm`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::PushPlatform))]
    pub platform: String,
    /// The token that the platform gave to the app.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::PushToken))]
    pub token: String,
}

/// Answer to `GET /v1/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    /// The version that is running.
    pub version: String,
}
