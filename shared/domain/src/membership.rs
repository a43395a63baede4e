//! Who may read and write where.

use crate::{ConversationId, Refusal, UserId};

/// The other user of a 1:1 conversation that `user` is in.
///
/// # Errors
///
/// [`Refusal::NotAMember`] for somebody else's conversation,
/// [`Refusal::NotFound`] for a group: this version has none.
pub fn peer_of(conversation: ConversationId, user: UserId) -> Result<UserId, Refusal> {
    match conversation {
        ConversationId::Dm { lower, upper } if lower == user => Ok(upper),
        ConversationId::Dm { lower, upper } if upper == user => Ok(lower),
        ConversationId::Dm { .. } => Err(Refusal::NotAMember),
        ConversationId::Group(_) => Err(Refusal::NotFound("conversation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_of_a_dm_are_in_it() {
        let user = |n: u128| UserId::new(ulid::Ulid(n));
        let dm = ConversationId::dm(user(1), user(2)).unwrap();
        assert_eq!(peer_of(dm, user(1)), Ok(user(2)));
        assert_eq!(peer_of(dm, user(2)), Ok(user(1)));
        assert_eq!(peer_of(dm, user(3)), Err(Refusal::NotAMember));
    }
}
