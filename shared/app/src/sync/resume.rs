//! Where an answer goes on that could not end in time.

use std::fmt;
use std::str::FromStr;

use confab_domain::{ConversationId, Refusal, Seq};

/// Where an answer goes on: after a conversation, or within it.
///
/// As text it is the token that clients give back; it names nothing but their own conversations and positions, so a
/// forged one reads nothing that a cursor would not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Conversations before this one are done, by the order of their ids.
    pub conversation: ConversationId,
    /// How far this one is given; `None` where it is done.
    pub within: Option<Within>,
}

/// How far a conversation is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// Up to and including this position.
    pub last: Seq,
    /// Messages of it that were given: they count towards the limit.
    pub given: usize,
}

/// What tokens begin with: those of another form are refused.
const VERSION: &str = "1";

impl Resume {
    /// Whether a conversation is still to be looked at.
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
    fn what_is_no_token_is_refused() {
        for token in ["", "1", "1.", "2.grp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "1.grp_1", &"1.".repeat(9_999)] {
            assert!(token.parse::<Resume>().is_err(), "{token}");
        }
        for end in [".", ".1", ".0.1", ".1.-1", ".1.1.1", ".x.1", ".1.99999999999999999999"] {
            assert!(format!("1.{GROUP}{end}").parse::<Resume>().is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_done_is_not_looked_at_again() {
        let conversation: ConversationId = GROUP.parse().unwrap();
        let dm = "dm_01ARZ3NDEKTSV4RRFFQ69G5FAV_01BX5ZZKBKACTAV9WEVGEMMVRZ".parse().unwrap();
        let done = Resume { conversation, within: None };
        let within = Resume { within: Some(Within { last: Seq::FIRST, given: 1 }), ..done };
        assert_eq!([done.is_before(conversation), within.is_before(conversation)], [false, true]);
        assert_eq!([done.is_before(dm), within.is_before(dm)], [false, false]);
        assert!(Resume { conversation: dm, within: None }.is_before(conversation));
    }
}
