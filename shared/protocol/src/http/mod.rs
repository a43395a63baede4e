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

/// Every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorAnswer {
    /// What went wrong.
    pub error: ErrorBody,
}

/// `POST /v1/tickets`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ticket {
    /// Opens a WebSocket.
    pub ticket: String,
    /// The WebSocket endpoint to use, the ticket included.
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub url: String,
    /// Life of the ticket. Unit: seconds.
    pub expires_in_seconds: u64,
}

/// What everybody may know of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// Lower case.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Handle))]
    pub handle: String,
    /// For people.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub display_name: String,
    /// A media id or an address of a picture.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Avatar>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// `GET /v1/me`: the user's own profile, and what only they may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnProfile {
    /// What everybody may know.
    #[serde(flatten)]
    pub profile: Profile,
    /// Who may put the user into groups; `everyone` where absent.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::GroupAdds>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_adds: Option<String>,
}

/// `PATCH /v1/me`: absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfilePatch {
    /// 1–64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Name>))]
    pub display_name: Option<String>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Avatar>))]
    pub avatar: Option<Option<String>>,
    /// Who may put the user into groups.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::GroupAdds>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_adds: Option<String>,
}

/// `POST /v1/groups`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewGroup {
    /// 1–64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub name: String,
    /// `usr_…` ids of up to 99 others.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::UserId>, max_items = 99))]
    pub members: Vec<String>,
}

/// `PATCH /v1/groups/{group}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupPatch {
    /// 1–64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub name: String,
}

/// `PUT /v1/groups/{group}/members/{user}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutMember {
    /// `member`, `admin` or `owner`; absent, a new member is a `member` and others keep theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Role>))]
    pub role: Option<String>,
}

/// A group, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// `grp_…`, also the id of its conversation.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::GroupId))]
    pub group: String,
    /// For people.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Name))]
    pub name: String,
    /// Ascending by id.
    pub members: Vec<GroupMember>,
    /// Unit: milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

/// Somebody in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupMember {
    /// `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// `owner`, `admin` or `member`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Role))]
    pub role: String,
    /// Unit: milliseconds since the Unix epoch.
    pub joined_at_ms: u64,
}

/// `PATCH /v1/conversations/{c}`: absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationPatch {
    /// `null`, or a time in the past, ends the mute.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub muted_until_ms: Option<Option<u64>>,
    /// `true`: whoever has left this group by themselves may be put back by anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_adds: Option<bool>,
}

/// Takes an object or `null`, and no array, which serde would take for a struct.
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

/// Tells `null` (`Some(None)`) from an absent field (`None`).
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `POST /v1/conversations/{c}/messages`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostMessage {
    /// 1–64 bytes; the same again gives the same message.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ClientMessageId))]
    pub client_message_id: String,
    /// What the message says; required unless there are attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::MessageText>))]
    pub text: Option<String>,
    /// `med_…` ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<String>>,
    /// The `seq` of an earlier message of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub reply_to: Option<u64>,
    /// `usr_…` ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<schema::UserId>>, max_items = 25))]
    pub mentions: Option<Vec<String>>,
    /// How far its author had read when it was written, 0 for nothing; everything before the message where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<u64>,
}

/// `GET /v1/conversations/{c}/messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagePage {
    /// Ascending `seq`.
    pub messages: Vec<Message>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
}

/// `GET /v1/devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Devices {
    /// Oldest login first.
    pub devices: Vec<Device>,
}

/// One login of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    /// `dev_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::DeviceId))]
    pub device: String,
    /// As the device named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub name: Option<String>,
    /// As the device named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub platform: Option<String>,
    /// By which platform it gets pushes, `apns` or `fcm`; absent where it gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::PushPlatform>))]
    pub push: Option<String>,
    /// Time of the login. Unit: milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// Time of the last login or token refresh. Unit: milliseconds since the Unix epoch.
    pub last_active_at_ms: u64,
    /// Whether a WebSocket of this device is open.
    pub connected: bool,
    /// Whether the request came from this device.
    pub current: bool,
}

/// `PUT /v1/devices/self/push`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushRegistration {
    /// `apns` or `fcm`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::PushPlatform))]
    pub platform: String,
    /// As the platform gave it to the app.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::PushToken))]
    pub token: String,
}

/// `GET /v1/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    /// The running version.
    pub version: String,
}
