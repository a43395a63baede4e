//! Push registrations of devices.

use std::fmt;
use std::str::FromStr;

use crate::{DeviceId, Refusal, Timestamp, UserId};

/// Push service of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Apple Push Notification service.
    Apns,
    /// Google's Firebase Cloud Messaging.
    Fcm,
}

/// Error for a text that names no platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be apns or fcm")]
pub struct UnknownPlatform;

impl Platform {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apns => "apns",
            Self::Fcm => "fcm",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, UnknownPlatform> {
        match text {
            "apns" => Ok(Self::Apns),
            "fcm" => Ok(Self::Fcm),
            _ => Err(UnknownPlatform),
        }
    }
}

/// The platform's name for an app on a phone. Anybody who has the token can send to the app, so it is not logged.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PushToken(String);

impl PushToken {
    /// Longest token. Unit: bytes, inclusive. Tokens of both platforms are far shorter.
    pub const BYTES_MAX: usize = 4096;

    /// Parses a token from a client. APNs tokens are hexadecimal, and their case does not matter.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`].
    pub fn parse_of(platform: Platform, text: &str) -> Result<Self, Refusal> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match platform {
            Platform::Apns if is_hex => Self::parse(&text.to_ascii_lowercase()),
            Platform::Apns | Platform::Fcm => Self::parse(text),
        }
    }

    /// Parses a token from a store: 1 to 4096 visible ASCII characters. Only the platform knows whether the token is
    /// valid.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let right = (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if right {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::field("token", "must be 1 to 4096 visible ASCII characters"))
        }
    }

    /// The token itself, for the platform and the store only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PushToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The push service's own name for a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(String);

impl Endpoint {
    /// The name as the push service gave it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as the push service gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Push registration of a device. At most one device has a given token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Platform of the token.
    pub platform: Platform,
    /// Token of the app on the phone.
    pub token: PushToken,
    /// The push service's name for the token.
    pub endpoint: Endpoint,
    /// When the device registered.
    pub since: Timestamp,
}

impl Registration {
    /// Whether both registrations are of one phone.
    pub fn has_token_of(&self, other: &Self) -> bool {
        (self.platform, &self.token) == (other.platform, &other.token)
    }

    /// Whether both registrations are of one phone and of the same time.
    pub fn is_of_the_time_of(&self, other: &Self) -> bool {
        self.has_token_of(other) && self.since == other.since
    }

    /// Whether both registrations are the same except for their time.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.has_token_of(other) && self.endpoint == other.endpoint
    }
}

/// A device, with the user who is logged in.
pub type Owner = (UserId, DeviceId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_visible_ascii_and_never_shown() {
        for wrong in ["", "a b", "tok\n", "tök", &"x".repeat(4097)] {
            assert!(PushToken::parse(wrong).is_err(), "{wrong:?} passed");
        }
        let spelled = |platform, text| PushToken::parse_of(platform, text).unwrap();
        assert_eq!(spelled(Platform::Apns, "0F7A").reveal(), "0f7a");
        assert_eq!(spelled(Platform::Apns, "0F7G").reveal(), "0F7G");
        assert_eq!(spelled(Platform::Fcm, "0F7A").reveal(), "0F7A");
        let token = PushToken::parse("0aF9:APA91b-_").unwrap();
        assert_eq!((token.reveal(), format!("{token:?}").as_str()), ("0aF9:APA91b-_", "[redacted]"));
    }

    #[test]
    fn a_platform_reads_back_as_it_was_written() {
        for platform in [Platform::Apns, Platform::Fcm] {
            assert_eq!(platform.as_str().parse(), Ok(platform));
        }
        assert!("APNS".parse::<Platform>().is_err());
    }
}
