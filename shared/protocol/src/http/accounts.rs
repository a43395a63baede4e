//! Accounts, logins and their tokens.

use serde::{Deserialize, Serialize};

use super::object;
#[cfg(feature = "openapi")]
use crate::schema;

/// Request body of `POST /v1/signup`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signup {
    /// 3–32 of `a`–`z`, `0`–`9`, `_`; upper case counts as lower case.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Handle))]
    pub handle: String,
    /// 8–128 characters without invisible ones; compared by RFC 8265 (OpaqueString).
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Password))]
    pub password: String,
    /// 1–64 characters; the handle if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Name>))]
    pub display_name: Option<String>,
    /// The device that logs in.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLabel>,
    /// An invite; required unless signup is open to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// Request body of `POST /v1/login`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// The account's handle; upper case counts as lower case.
    pub handle: String,
    /// The account's password.
    pub password: String,
    /// The device that logs in.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLabel>,
}

/// Description of a device, by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceLabel {
    /// `dev_…` of an earlier login on the same device, which this login replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::DeviceId>))]
    pub id: Option<String>,
    /// Name for people, such as "Alice's phone".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub name: Option<String>,
    /// Platform, such as `web`, `ios`, `android`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub platform: Option<String>,
}

/// Request body of `POST /v1/token/refresh`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refresh {
    /// The device's current refresh token; the answer holds the next one.
    pub refresh_token: String,
    /// 1–64 bytes; names this attempt to refresh. Until its answer arrives, the request may be repeated with the same
    /// name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::ClientMessageId>))]
    pub attempt: Option<String>,
}

/// A login with its tokens. It lives as long as its refresh token is renewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The user: `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// The device: `dev_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::DeviceId))]
    pub device: String,
    /// Access token, for the `Authorization: Bearer` header.
    pub access_token: String,
    /// Refresh token, for `POST /v1/token/refresh`.
    pub refresh_token: String,
    /// Life of the access token. Unit: seconds.
    pub expires_in_seconds: u64,
}

/// Request body of `POST /v1/me/password`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The present password.
    pub old_password: String,
    /// The new password: 8–128 characters, as at signup.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Password))]
    pub new_password: String,
}

/// Request body of `POST /v1/logout`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Logout {
    /// True: logs out all devices of the user. Otherwise only the calling device is logged out.
    #[serde(default)]
    pub everywhere: bool,
}
