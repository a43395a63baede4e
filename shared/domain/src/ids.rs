//! Identifiers, parsed at the edge and valid from there on.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

/// Error for a string that is not an identifier of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct InvalidId {
    /// Description of the expected form, for people.
    pub expected: &'static str,
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// The id of a ULID.
            pub const fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID without the prefix.
            pub const fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    .and_then(canonical_ulid)
                    .map(Self)
                    .ok_or(InvalidId { expected: $expected })
            }
        }
    };
}

ulid_id! {
    /// An invite: a right to make accounts, whose uses are counted.
    InviteId, "inv_", "inv_ and a ULID"
}

ulid_id! {
    /// An account.
    UserId, "usr_", "a user id (usr_ and a ULID)"
}
ulid_id! {
    /// A device: one login on one phone, laptop or browser.
    DeviceId, "dev_", "a device id (dev_ and a ULID)"
}
ulid_id! {
    /// A group, and its conversation.
    GroupId, "grp_", "a group id (grp_ and a ULID)"
}
ulid_id! {
    /// A login, and all the refresh tokens that follow from it.
    FamilyId, "fam_", "a token family"
}

/// Accepts only the canonical spelling, so that equal ids are equal strings.
fn canonical_ulid(text: &str) -> Option<Ulid> {
    let ulid = Ulid::from_string(text).ok()?;
    let mut buffer = [0; ulid::ULID_LEN];
    (ulid.array_to_str(&mut buffer) == text).then_some(ulid)
}

/// A conversation: 1:1 or a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConversationId {
    /// A 1:1 conversation. Made by [`ConversationId::dm`] or by parsing, which keep the order.
    Dm {
        /// The user whose ULID sorts first.
        lower: UserId,
        /// The other user.
        upper: UserId,
    },
    /// A group.
    Group(GroupId),
}

impl ConversationId {
    /// Bound for ranges: sorts after every 1:1 conversation and before every group. It is not itself a conversation.
    pub const BEFORE_GROUPS: Self =
        Self::Dm { lower: UserId::new(Ulid(u128::MAX)), upper: UserId::new(Ulid(u128::MAX)) };

    /// The 1:1 conversation of two users; `None` if they are the same.
    pub fn dm(one: UserId, other: UserId) -> Option<Self> {
        match one.cmp(&other) {
            std::cmp::Ordering::Less => Some(Self::Dm { lower: one, upper: other }),
            std::cmp::Ordering::Greater => Some(Self::Dm { lower: other, upper: one }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The group, if this is the conversation of one.
    pub const fn group(self) -> Option<GroupId> {
        match self {
            Self::Dm { .. } => None,
            Self::Group(group) => Some(group),
        }
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dm { lower, upper } => write!(f, "dm_{}_{}", lower.0, upper.0),
            Self::Group(group) => group.fmt(f),
        }
    }
}

impl fmt::Debug for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ConversationId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let expected =
            InvalidId { expected: "a conversation id (dm_ and two ULIDs, lower first, or grp_ and a ULID)" };
        if let Ok(group) = text.parse() {
            return Ok(Self::Group(group));
        }
        let (lower, upper) =
            text.strip_prefix("dm_").and_then(|pair| pair.split_once('_')).ok_or(expected)?;
        let lower = canonical_ulid(lower).map(UserId).ok_or(expected)?;
        let upper = canonical_ulid(upper).map(UserId).ok_or(expected)?;
        if lower < upper { Ok(Self::Dm { lower, upper }) } else { Err(expected) }
    }
}

/// A WebSocket connection, by the gateway's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(String);

impl ConnectionId {
    /// The id as the gateway gave it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as the gateway gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text of 1–64 bytes, chosen by a device.
macro_rules! chosen_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Longest text. Unit: bytes, inclusive.
            pub const BYTES_MAX: usize = 64;

            /// The text as the device chose it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidId;

            fn from_str(text: &str) -> Result<Self, $crate::InvalidId> {
                if (1..=Self::BYTES_MAX).contains(&text.len()) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::InvalidId { expected: "1 to 64 bytes" })
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(crate) use chosen_name;

chosen_name! {
    /// Idempotency key of a message, chosen by the sending device: a repeated key is the same message.
    ///
    /// 1–64 bytes. Scope: (sender, conversation).
    ClientMessageId
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    const HIGH: &str = "01BX5ZZKBKACTAV9WEVGEMMVRZ";

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        for text in [format!("usr_{LOW}"), format!("usr_{HIGH}")] {
            assert_eq!(text.parse::<UserId>().unwrap().to_string(), text);
        }
        for text in [format!("dm_{LOW}_{HIGH}"), format!("grp_{LOW}")] {
            assert_eq!(text.parse::<ConversationId>().unwrap().to_string(), text);
        }
    }

    #[track_caller]
    fn check_refused(text: &str) {
        assert!(text.parse::<UserId>().is_err(), "{text} passed as a user id");
        assert!(text.parse::<ConversationId>().is_err(), "{text} passed as a conversation id");
    }

    #[test]
    fn other_spellings_than_the_canonical_one_are_refused() {
        check_refused("");
        check_refused("usr_");
        check_refused(LOW);
        check_refused(&format!("usr_{}", LOW.to_lowercase()));
        check_refused(&format!("usr_{LOW}0"));
        check_refused("usr_8ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        check_refused(&format!("dm_{HIGH}_{LOW}"));
        check_refused(&format!("dm_{LOW}_{LOW}"));
        check_refused(&format!("dm_{LOW}"));
        check_refused("usr_01ARZ3NDEKTSV4RRFFQ69G5FAü");
    }

    #[test]
    fn a_dm_is_the_same_from_both_sides() {
        let (low, high) = (format!("usr_{LOW}").parse().unwrap(), format!("usr_{HIGH}").parse().unwrap());
        assert_eq!(ConversationId::dm(low, high), ConversationId::dm(high, low));
        assert_eq!(ConversationId::dm(low, low), None);
    }

    #[test]
    fn a_client_message_id_has_1_to_64_bytes() {
        assert!("".parse::<ClientMessageId>().is_err());
        assert!("x".repeat(64).parse::<ClientMessageId>().is_ok());
        assert!("x".repeat(65).parse::<ClientMessageId>().is_err());
    }
}

#[cfg(test)]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_id_reads_back_as_it_was_written(one: u128, other: u128) {
            let (one, other) = (UserId::new(Ulid(one)), UserId::new(Ulid(other)));
            prop_assert_eq!(one.to_string().parse(), Ok(one));
            if let Some(dm) = ConversationId::dm(one, other) {
                prop_assert_eq!(dm.to_string().parse(), Ok(dm));
            }
        }

        /// Equal ids are equal strings: an id that was parsed is written in the same spelling.
        #[test]
        fn there_is_one_spelling(text in "(usr|dm|grp)_[0-9A-Za-z_]{0,60}") {
            if let Ok(user) = text.parse::<UserId>() {
                prop_assert_eq!(user.to_string(), text.clone());
            }
            if let Ok(conversation) = text.parse::<ConversationId>() {
                prop_assert_eq!(conversation.to_string(), text);
            }
        }
    }
}
