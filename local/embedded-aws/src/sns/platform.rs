//! The services that deliver to devices.

/// A push service, by the name that SNS has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Adm,
    Apns,
    ApnsSandbox,
    Gcm,
}

impl Platform {
    const ALL: [Self; 4] = [Self::Adm, Self::Apns, Self::ApnsSandbox, Self::Gcm];

    /// `None` for a platform that is not embedded.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }

    /// Its name in ARNs, and its key in a message with a structure.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Adm => "ADM",
            Self::Apns => "APNS",
            Self::ApnsSandbox => "APNS_SANDBOX",
            Self::Gcm => "GCM",
        }
    }
}
