//! Forms of text that occur in several bodies, as `openapi.json` describes them.
//!
//! They stand for strings: no value of them is ever made. What refuses a wrong one is the domain.

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

/// The pattern of an id: a prefix and a ULID in its one canonical spelling.
macro_rules! id {
    ($prefix:literal) => {
        concat!("^", $prefix, "[0-7][0-9A-HJKMNP-TV-Z]{25}$")
    };
}

text!(
    /// An account.
    UserId,
    |text| text.pattern(Some(id!("usr_")))
);
text!(
    /// One login on one phone, laptop or browser.
    DeviceId,
    |text| text.pattern(Some(id!("dev_")))
);
text!(
    /// A group, and its conversation.
    GroupId,
    |text| text.pattern(Some(id!("grp_")))
);
text!(
    /// A group, or the ULIDs of two users, the lower one first.
    ConversationId,
    |text| text.pattern(Some(
        "^(grp_[0-7][0-9A-HJKMNP-TV-Z]{25}|dm_[0-7][0-9A-HJKMNP-TV-Z]{25}_[0-7][0-9A-HJKMNP-TV-Z]{25})$"
    ))
);
text!(
    /// The name by which an account logs in and is found; upper case counts as lower case.
    Handle,
    |text| text.pattern(Some("^[A-Za-z0-9_]{3,32}$"))
);
text!(
    /// A password that is about to be set.
    Password,
    |text| text.min_length(Some(8)).max_length(Some(128)).format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
);
text!(
    /// A name that people read.
    Name,
    |text| text
        .min_length(Some(*limits::DISPLAY_NAME_CHARS.start()))
        .max_length(Some(*limits::DISPLAY_NAME_CHARS.end()))
);
text!(
    /// What a device says of itself.
    Label,
    |text| text.min_length(Some(1)).max_length(Some(limits::DEVICE_LABEL_CHARS_MAX))
);
text!(
    /// Where a picture is: a media id or an address.
    Avatar,
    |text| text.pattern(Some("^(med_[0-7][0-9A-HJKMNP-TV-Z]{25}|https://[!-~]+)$")).max_length(Some(limits::AVATAR_BYTES_MAX))
);
text!(
    /// What a platform calls a device that takes pushes.
    PushToken,
    |text| text.pattern(Some("^[!-~]{1,4096}$"))
);
text!(
    /// Chosen by the sending device: the same again gives the same message. At most 64 bytes.
    ClientMessageId,
    |text| text.min_length(Some(1)).max_length(Some(limits::ID_BYTES_MAX))
);
text!(
    /// What a message says; a character at least that can be seen, and at most 400 000 bytes.
    MessageText,
    |text| text.min_length(Some(1)).max_length(Some(limits::TEXT_CHARS_MAX))
);

// Attributes take numbers only.
const _: () = assert!(limits::MENTIONS_MAX == 25 && limits::PAGE_LIMIT_MAX == 100);

/// What a member of a group may do.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Renames the group, adds members and removes them.
    Admin,
    /// Reads and writes.
    Member,
}

/// Who may put a user into groups.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum GroupAdds {
    /// Whoever is not blocked.
    Everyone,
    /// Friends.
    Friends,
}

/// What a conversation is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ConversationKind {
    /// Two users.
    Dm,
    /// A group.
    Group,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// A device is connected, and was heard from lately.
    Online,
    /// None is.
    Offline,
}

/// Whose service delivers a device's pushes.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PushPlatform {
    /// Apple's.
    Apns,
    /// Google's.
    Fcm,
}
