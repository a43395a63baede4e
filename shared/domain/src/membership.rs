//! Rules of membership: who may read and write in a conversation.

use crate::{Kind, Message, Refusal, UserId};

/// The other user of a 1:1 conversation that `user` is in.
///
/// # Errors
///
/// [`Refusal::NotAMember`] if `user` is neither of the two.
pub fn peer_of((lower, upper): (UserId, UserId), user: UserId) -> Result<UserId, Refusal> {
    if lower == user {
        Ok(upper)
    } else if upper == user {
        Ok(lower)
    } else {
        Err(Refusal::NotAMember)
    }
}

/// Whether `user` is a member of the group after this entry; `None` if the entry does not change that.
///
/// A send that claimed its key as a member reads the newest entries before it appends. So no user writes after an
/// entry that ends the user's membership.
pub fn membership_change_in(entry: &Message, user: UserId) -> Option<bool> {
    let is_subject = entry.content.mentions.contains(&user);
    match entry.kind {
        Kind::GroupDeleted => Some(false),
        Kind::MemberRemoved => is_subject.then_some(false),
        Kind::MemberAdded => is_subject.then_some(true),
        Kind::Text | Kind::GroupCreated | Kind::RoleChanged | Kind::GroupRenamed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_of_a_dm_are_in_it() {
        let user = |n: u128| UserId::new(ulid::Ulid(n));
        let dm = (user(1), user(2));
        assert_eq!(peer_of(dm, user(1)), Ok(user(2)));
        assert_eq!(peer_of(dm, user(2)), Ok(user(1)));
        assert_eq!(peer_of(dm, user(3)), Err(Refusal::NotAMember));
    }
}
