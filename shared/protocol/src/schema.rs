//! Text formats that occur in several bodies, for `openapi.json`.
//!
//! The types only describe strings: no value of them is ever made. The domain refuses wrong texts.

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::limits;

macro_rules! text {
    ($(#[doc = $doc:literal])* $name:ident, |$schema:ident| $form:expr) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let $schema = ObjectBuilder::new().schema_type(Type::String).description(Some(concat!($($doc),*).trim()));
                $form.into()
            }
        }

        impl ToSchema for $name {}
    };
}

/// Pattern of an id: a prefix and a ULID in its canonical spelling.
macro_rules! id {
    ($prefix:literal) => {
        concat!("^", $prefix, "[0-7][0-9A-HJKMNP-TV-Z]{25}$")
    };
}

text!(
    /// Id of an account.
    UserId,
    |text| text.pattern(Some(id!("usr_")))
);
text!(
    /// Id of a device: one login on one phone, laptop or browser.
    DeviceId,
    |text| text.pattern(Some(id!("dev_")))
);
text!(
    /// Id of a group, and of its conversation.
    GroupId,
    |text| text.pattern(Some(id!("grp_")))
);
text!(
    /// Id of a conversation: a group, or the ULIDs of two users, the lower one first.
    ConversationId,
    |text| text.pattern(Some(
        "^(grp_[0-7][0-9A-HJKMNP-TV-Z]{25}|dm_[0-7][0-9A-HJKMNP-TV-Z]{25}_[0-7][0-9A-HJKMNP-TV-Z]{25})$"
    ))
);
text!(
    /// Unique name of an account, used to log in and to find it. Upper case counts as lower case.
    Handle,
    |text| text.pattern(Some("^[A-Za-z0-9_]{3,32}$"))
);
text!(
    /// A password to be set.
    Password,
    |text| text.min_length(Some(8)).max_length(Some(128)).format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
);
text!(
    /// A name for people.
    Name,
    |text| text
        .min_length(Some(*limits::DISPLAY_NAME_CHARS.start()))
        .max_length(Some(*limits::DISPLAY_NAME_CHARS.end()))
);
text!(
    /// A text by which a device describes itself.
    Label,
    |text| text.min_length(Some(1)).max_length(Some(limits::DEVICE_LABEL_CHARS_MAX))
);
text!(
    /// A picture: a media id or an address.
    Avatar,
    |text| text.pattern(Some("^(med_[0-7][0-9A-HJKMNP-TV-Z]{25}|https://[!-~]+)$")).max_length(Some(limits::AVATAR_BYTES_MAX))
);
text!(
    /// The platform's token for an app that gets pushes.
    PushToken,
    |text| text.pattern(Some("^[!-~]{1,4096}$"))
);
text!(
    /// Idempotency key, chosen by the sending device: a repeated key gives the same message. At most 64 bytes.
    ClientMessageId,
    |text| text.min_length(Some(1)).max_length(Some(limits::ID_BYTES_MAX))
);
text!(
    /// The text of a message: at least one visible character, and at most 400 000 bytes.
    MessageText,
    |text| text.min_length(Some(1)).max_length(Some(limits::TEXT_CHARS_MAX))
);

// Attributes take only literal numbers.
const _: () = assert!(limits::MENTIONS_MAX == 25 && limits::PAGE_LIMIT_MAX == 100);

/// Rights of a member of a group.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Role {
    /// All rights.
    Owner,
    /// Renames the group, adds members, and removes members who are neither admins nor owners.
    Admin,
    /// Reads and writes messages.
    Member,
}

/// Setting for who may add the user to groups.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum GroupAdds {
    /// All users whom the user has not blocked.
    Everyone,
    /// Friends only.
    Friends,
}

/// Kind of a conversation.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ConversationKind {
    /// A 1:1 conversation.
    Dm,
    /// A group.
    Group,
}

/// Presence of a user.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// A device is connected and has sent a frame lately.
    Online,
    /// No device is.
    Offline,
}

/// Service that delivers a device's pushes.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PushPlatform {
    /// Apple Push Notification service.
    Apns,
    /// Google's Firebase Cloud Messaging.
    Fcm,
}
