//! Accounts, logins and their tokens.

use serde::{Deserialize, Serialize};

use super::object;
#[cfg(feature = "openapi")]
use crate::schema;

/// `POST /v1/signup`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signup {
    /// 3–32 of `a`–`z`, `0`–`9`, `_`; case does not matter.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Handle))]
    pub handle: String,
    /// 8–128 characters, all of which can be seen; compared as RFC 8265 has it (OpaqueString).
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Password))]
    pub password: String,
    /// 1–64 characters; the handle where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Name>))]
    pub display_name: Option<String>,
    /// What this login runs on.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLabel>,
    /// A code that was given out; needed where not everybody may sign up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// `POST /v1/login`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// The account's handle; case does not matter.
    pub handle: String,
    /// The account's password.
    pub password: String,
    /// What this login runs on.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceLabel>,
}

/// How a device describes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceLabel {
    /// `dev_…` of an earlier login on the same device, which this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::DeviceId>))]
    pub id: Option<String>,
    /// For people, such as "Alice's phone".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub name: Option<String>,
    /// Such as `web`, `ios`, `android`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::Label>))]
    pub platform: Option<String>,
}

/// `POST /v1/token/refresh`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refresh {
    /// The answer holds its successor.
    pub refresh_token: String,
    /// 1–64 bytes; names the attempt, which may be repeated with the same name until its answer arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<schema::ClientMessageId>))]
    pub attempt: Option<String>,
}

/// A login, for as long as its refresh token is renewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// `dev_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::DeviceId))]
    pub device: String,
    /// For the `Authorization: Bearer` header.
    pub access_token: String,
    /// For `POST /v1/token/refresh`.
    pub refresh_token: String,
    /// Life of the access token. Unit: seconds.
    pub expires_in_seconds: u64,
}

/// `POST /v1/me/password`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The password as it is.
    pub old_password: String,
    /// 8–128 characters, as at signup.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::Password))]
    pub new_password: String,
}

/// `POST /v1/logout`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Logout {
    /// Log all devices out; without it this one.
    #[serde(default)]
    pub everywhere: bool,
}
