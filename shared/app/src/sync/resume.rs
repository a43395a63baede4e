//! The token by which a device continues an answer that could not end in time.

use std::fmt;
use std::str::FromStr;

use confab_domain::{ConversationId, Refusal, Seq};

/// Where the next answer continues: after a conversation, or within it.
///
/// Its text is the token that clients send back. A forged token reads nothing that a cursor would not, since it names
/// only a conversation and positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Conversations before this one are complete, by the order of their ids.
    pub conversation: ConversationId,
    /// How much of this one was given; `None` where it is complete.
    pub within: Option<Within>,
}

/// How much of a conversation was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// The last position that was given.
    pub last: Seq,
    /// Messages of the conversation that were given: they count towards the limit.
    pub given: usize,
}

/// First part of each token; a token with another first part is refused.
const VERSION: &str = "1";

impl Resume {
    /// Whether a conversation has still to be read.
    pub(super) fn is_before(&self, conversation: ConversationId) -> bool {
        conversation > self.conversation || (conversation == self.conversation && self.within.is_some())
    }
}

impl fmt::Display for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}.{}", self.conversation)?;
        self.within.map_or(Ok(()), |Within { last, given }| write!(f, ".{last}.{given}"))
    }
}

impl FromStr for Resume {
    type Err = Refusal;

    fn from_str(token: &str) -> Result<Self, Refusal> {
        read(token).ok_or_else(|| Refusal::field("after", "must be the `next` of an answer to `sync`"))
    }
}

fn read(token: &str) -> Option<Resume> {
    let mut parts = token.split('.');
    let _version = parts.next().filter(|version| *version == VERSION)?;
    let conversation = parts.next()?.parse().ok()?;
    let within = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => None,
        (Some(last), Some(given), None) => {
            Some(Within { last: Seq::new(last.parse().ok()?)?, given: given.parse().ok()? })
        }
        _ => return None,
    };
    Some(Resume { conversation, within })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[test]
    fn a_token_reads_back_the_same() {
        let conversation = GROUP.parse().unwrap();
        let last = Seq::MAX;
        for within in [None, Some(Within { last, given: 0 }), Some(Within { last, given: usize::MAX })] {
            let resume = Resume { conversation, within };
            let token = resume.to_string();
            assert!(token.len() <= 128, "{token}");
            assert_eq!(token.parse(), Ok(resume));
        }
    }

    #[test]
    fn a_malformed_token_is_refused() {
        for token in ["", "1", "1.", "2.grp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "1.grp_1", &"1.".repeat(9_999)] {
            assert!(token.parse::<Resume>().is_err(), "{token}");
        }
        for end in [".", ".1", ".0.1", ".1.-1", ".1.1.1", ".x.1", ".1.99999999999999999999"] {
            assert!(format!("1.{GROUP}{end}").parse::<Resume>().is_err(), "{end}");
        }
    }

    #[test]
    fn a_complete_conversation_is_not_read_again() {
        let conversation: ConversationId = GROUP.parse().unwrap();
        let dm = "dm_01ARZ3NDEKTSV4RRFFQ69G5FAV_01BX5ZZKBKACTAV9WEVGEMMVRZ".parse().unwrap();
        let done = Resume { conversation, within: None };
        let within = Resume { within: Some(Within { last: Seq::FIRST, given: 1 }), ..done };
        assert_eq!([done.is_before(conversation), within.is_before(conversation)], [false, true]);
        assert_eq!([done.is_before(dm), within.is_before(dm)], [false, false]);
        assert!(Resume { conversation: dm, within: None }.is_before(conversation));
    }
}
