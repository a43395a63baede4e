//! What was published, for those who stand in for the platforms' services.

use std::collections::BTreeMap;

/// One message on its way to one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The ARN of the endpoint that it was published to.
    pub endpoint: String,
    /// `ADM`, `APNS`, `APNS_SANDBOX` or `GCM`.
    pub platform: String,
    /// The device's token at that time.
    pub token: String,
    /// What the platform's service would get: from a message with a structure,
    /// the text for this platform; otherwise the message as it is, which AWS
    /// would wrap as the platform wants it.
    pub message: String,
    /// Message attributes by name, binary ones in base64.
    pub attributes: BTreeMap<String, String>,
    /// Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
}
