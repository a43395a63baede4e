//! Published messages, for code that plays the platforms' services.

use std::collections::BTreeMap;

/// One message for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// ARN of the message's endpoint.
    pub endpoint: String,
    /// `ADM`, `APNS`, `APNS_SANDBOX` or `GCM`.
    pub platform: String,
    /// Token of the device at the time of the publish.
    pub token: String,
    /// The content for the platform's service. For a message with a structure it is the text for this platform.
    /// Otherwise it is the message itself, which AWS would wrap in the platform's form.
    pub message: String,
    /// Message attributes by name, binary ones in base64.
    pub attributes: BTreeMap<String, String>,
    /// Time of the publish. Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
}
