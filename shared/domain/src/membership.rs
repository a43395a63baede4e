//! Who may read and write where.

use crate::{Kind, Message, Refusal, UserId};

/// The other user of a 1:1 conversation that `user` is in.
///
/// # Errors
///
/// [`Refusal::NotAMember`] for somebody else's conversation.
pub fn peer_of((lower, upper): (UserId, UserId), user: UserId) -> Result<UserId, Refusal> {
    if lower == user {
        Ok(upper)
    } else if upper == user {
        Ok(lower)
    } else {
        Err(Refusal::NotAMember)
    }
}

/// Whether `user` is in the group after this entry; `None` where it says nothing of that.
///
/// A send that claimed its key as a member appends only after it has looked at the newest entries; so nobody writes
/// after an entry that says they are out.
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
