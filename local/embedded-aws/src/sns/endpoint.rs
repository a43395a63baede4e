//! An endpoint: one device of one application.

use super::{
    attributes::{Attributes, ENABLED, enabled, is_text},
    refusal::Refusal,
};

/// Longest token of a device. Unit: bytes, inclusive.
///
/// The platforms' tokens have no common form, and those of FCM no documented length; this is longer than all known
/// tokens.
const TOKEN_BYTES_MAX: usize = 4096;

/// Longest custom user data. Unit: bytes, inclusive.
///
/// Source: Amazon SNS API Reference, `CreatePlatformEndpoint`.
const USER_DATA_BYTES_MAX: usize = 2048;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) arn: String,
    /// The application's ARN.
    pub(super) application: String,
    pub(super) token: String,
    pub(super) is_enabled: bool,
    /// Empty if there is none.
    pub(super) user_data: String,
}

impl Endpoint {
    /// Changes one attribute, from its text.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an attribute that endpoints do not have, and for an invalid value.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "Token" => {
                if !(1..=TOKEN_BYTES_MAX).contains(&value.len()) || !is_text(value) {
                    return Err(Refusal::parameter("Token", "must be 1 to 4096 bytes of text"));
                }
                value.clone_into(&mut self.token);
            }
            ENABLED => self.is_enabled = enabled(value)?,
            "CustomUserData" => {
                if value.len() > USER_DATA_BYTES_MAX || !is_text(value) {
                    return Err(Refusal::parameter("CustomUserData", "must be at most 2048 bytes of text"));
                }
                value.clone_into(&mut self.user_data);
            }
            _ => return Err(Refusal::attribute_name(name)),
        }
        Ok(())
    }

    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes =
            Attributes::from([(ENABLED, self.is_enabled.to_string()), ("Token", self.token.clone())]);
        if !self.user_data.is_empty() {
            attributes.insert("CustomUserData", self.user_data.clone());
        }
        attributes
    }
}
