//! Push services of the platforms.

/// A push service, by its name at SNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Adm,
    Apns,
    ApnsSandbox,
    Gcm,
}

impl Platform {
    const ALL: [Self; 4] = [Self::Adm, Self::Apns, Self::ApnsSandbox, Self::Gcm];

    /// The platform of this name; `None` for a platform that is not embedded.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }

    /// Name in ARNs, and key in a message with a structure.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Adm => "ADM",
            Self::Apns => "APNS",
            Self::ApnsSandbox => "APNS_SANDBOX",
            Self::Gcm => "GCM",
        }
    }
}
