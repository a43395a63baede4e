//! Groups: who is in, who may change what.
//!
//! A group is a value with a version. A change is decided on one version and becomes the next, together with the entry
//! in the group's log that tells of it; of two changes decided on the same version only one is made.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::account::check_label;
use crate::{Content, GroupId, Kind, Refusal, Seq, Timestamp, UserId};

/// Most members of a group, the owner included.
pub const MEMBERS_MAX: usize = 100;

/// Longest time that making a group takes, from drawing its id on.
pub const MAKING_MAX: Duration = crate::claim::APPEND_DELAY_MAX;

/// Most members of a group whose members are told of each other's read markers.
pub const RECEIPT_AUDIENCE_MAX: usize = 20;

/// Longest name. Unit: characters, inclusive.
pub const NAME_CHARS_MAX: usize = 64;

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything. There is always at least one.
    Owner,
    /// Rename, add members, remove those who are no more than that.
    Admin,
    /// Read and write.
    Member,
}

impl Role {
    /// Its name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Member].into_iter().find(|role| role.as_str() == name)
    }
}

/// Somebody in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// What they may do.
    pub role: Role,
    /// When they came in.
    pub joined_at: Timestamp,
    /// The entry that tells of it: the first that they may read of this membership.
    pub joined_seq: Seq,
}

/// A group, as it is at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which one.
    pub id: GroupId,
    /// Counts changes.
    pub version: u64,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// At most [`MEMBERS_MAX`]. Those that a deleted group had last.
    pub members: BTreeMap<UserId, Member>,
    /// Nothing follows in its log.
    pub deleted: bool,
}

/// A change of a group, decided but not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody comes in.
    Added(UserId, Role),
    /// Somebody is taken out, or leaves.
    Removed(UserId),
    /// Somebody may do more or less.
    RoleChanged(UserId, Role),
    /// It has another name.
    Renamed(String),
    /// It ends.
    Deleted,
}

impl Change {
    /// The entry that tells of it.
    pub fn entry(&self) -> (Kind, Content) {
        let (kind, text, user) = match self {
            Self::Added(user, _) => (Kind::MemberAdded, None, Some(*user)),
            Self::Removed(user) => (Kind::MemberRemoved, None, Some(*user)),
            Self::RoleChanged(user, role) => (Kind::RoleChanged, Some(role.as_str().to_owned()), Some(*user)),
            Self::Renamed(name) => (Kind::GroupRenamed, Some(name.clone()), None),
            Self::Deleted => (Kind::GroupDeleted, None, None),
        };
        (kind, Content { text, reply_to: None, mentions: user.into_iter().collect() })
    }
}

impl Group {
    /// A new group: `owner`, and whoever of `others` is not the owner, each once.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a wrong name, [`Refusal::GroupFull`].
    pub fn new(
        id: GroupId,
        name: &str,
        owner: UserId,
        others: impl IntoIterator<Item = UserId>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let member = |role| Member { role, joined_at: now, joined_seq: Seq::FIRST };
        let mut members: BTreeMap<_, _> =
            others.into_iter().map(|user| (user, member(Role::Member))).collect();
        members.insert(owner, member(Role::Owner));
        if members.len() > MEMBERS_MAX {
            return Err(Refusal::GroupFull);
        }
        let name = check_label("name", name, NAME_CHARS_MAX)?;
        Ok(Self { id, version: 1, name, created_at: now, members, deleted: false })
    }

    /// The first entry of its log, which tells who was there from the beginning.
    pub fn first_entry(&self, owner: UserId) -> (Kind, Content) {
        let mentions = self.members.keys().copied().filter(|user| *user != owner).collect();
        (Kind::GroupCreated, Content { text: Some(self.name.clone()), reply_to: None, mentions })
    }

    /// What `user` may do.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] of a deleted group, [`Refusal::NotAMember`].
    pub fn role_of(&self, user: UserId) -> Result<Role, Refusal> {
        if self.deleted {
            return Err(Refusal::NotFound("group"));
        }
        self.members.get(&user).map(|member| member.role).ok_or(Refusal::NotAMember)
    }

    /// `actor` wants `user` in, with this role; without one, in whatever role.
    ///
    /// `None` where that is so already.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotAllowed`], [`Refusal::GroupFull`], and those of [`Group::role_of`] for the actor.
    pub fn put_member(
        &self,
        actor: UserId,
        user: UserId,
        role: Option<Role>,
    ) -> Result<Option<Change>, Refusal> {
        let actors = self.role_of(actor)?;
        let Some(member) = self.members.get(&user) else {
            let role = role.unwrap_or(Role::Member);
            return match actors {
                Role::Member => Err(Refusal::NotAllowed("only owners and admins add members")),
                Role::Admin if role != Role::Member => Err(Refusal::NotAllowed(GIVES_ROLES)),
                Role::Owner | Role::Admin if self.members.len() >= MEMBERS_MAX => Err(Refusal::GroupFull),
                Role::Owner | Role::Admin => Ok(Some(Change::Added(user, role))),
            };
        };
        match role.filter(|role| *role != member.role) {
            None => Ok(None),
            Some(_) if actors != Role::Owner => Err(Refusal::NotAllowed(GIVES_ROLES)),
            Some(_) if self.is_last_owner(user) => Err(Refusal::NotAllowed(LAST_OWNER)),
            Some(role) => Ok(Some(Change::RoleChanged(user, role))),
        }
    }

    /// `actor` wants `user` out; oneself, to leave.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotAllowed`], [`Refusal::NotFound`] for who is not in, and those of [`Group::role_of`] for the actor.
    pub fn remove_member(&self, actor: UserId, user: UserId) -> Result<Change, Refusal> {
        let actors = self.role_of(actor)?;
        let theirs = self.members.get(&user).map(|member| member.role).ok_or(Refusal::NotFound("member"))?;
        let may = actor == user || actors == Role::Owner || (actors == Role::Admin && theirs == Role::Member);
        if !may {
            return Err(Refusal::NotAllowed(
                "owners remove anybody, admins those who are no more than members",
            ));
        }
        if self.is_last_owner(user) {
            return Err(Refusal::NotAllowed(LAST_OWNER));
        }
        Ok(Change::Removed(user))
    }

    /// `actor` wants another name. `None` where it has that name.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`], [`Refusal::NotAllowed`], and those of [`Group::role_of`] for the actor.
    pub fn rename(&self, actor: UserId, name: &str) -> Result<Option<Change>, Refusal> {
        let name = check_label("name", name, NAME_CHARS_MAX)?;
        match self.role_of(actor)? {
            Role::Member => Err(Refusal::NotAllowed("only owners and admins rename a group")),
            Role::Owner | Role::Admin => Ok((name != self.name).then_some(Change::Renamed(name))),
        }
    }

    /// `actor` wants the group to end.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotAllowed`], and those of [`Group::role_of`] for the actor.
    pub fn delete(&self, actor: UserId) -> Result<Change, Refusal> {
        match self.role_of(actor)? {
            Role::Owner => Ok(Change::Deleted),
            Role::Admin | Role::Member => Err(Refusal::NotAllowed("only an owner deletes a group")),
        }
    }

    /// The next version, if the change is told of at this position.
    #[must_use]
    pub fn after(&self, change: &Change, seq: Seq, now: Timestamp) -> Self {
        let mut next = Self { version: self.version + 1, ..self.clone() };
        match change {
            Change::Added(user, role) => {
                next.members.insert(*user, Member { role: *role, joined_at: now, joined_seq: seq });
            }
            Change::Removed(user) => {
                next.members.remove(user);
            }
            Change::RoleChanged(user, role) => {
                if let Some(member) = next.members.get_mut(user) {
                    member.role = *role;
                }
            }
            Change::Renamed(name) => next.name.clone_from(name),
            Change::Deleted => next.deleted = true,
        }
        next
    }

    /// Whether `user` is in it by the membership that began at `since`.
    pub fn has_membership(&self, user: UserId, since: Option<Seq>) -> bool {
        !self.deleted && since.is_some() && self.members.get(&user).map(|member| member.joined_seq) == since
    }

    /// Those who may read this position, of the members that there are now.
    pub fn readers_of(&self, seq: Seq) -> impl Iterator<Item = UserId> {
        self.members.iter().filter(move |(_, member)| member.joined_seq <= seq).map(|(user, _)| *user)
    }

    fn is_last_owner(&self, user: UserId) -> bool {
        let mut owners = self.members.iter().filter(|(_, member)| member.role == Role::Owner);
        owners.next().is_some_and(|(owner, _)| *owner == user) && owners.next().is_none()
    }
}

const GIVES_ROLES: &str = "only an owner gives and takes roles";
const LAST_OWNER: &str = "name another owner first";

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: u128 = 1;
    const ADMIN: u128 = 2;
    const MEMBER: u128 = 3;
    const OTHER_ADMIN: u128 = 4;
    const STRANGER: u128 = 9;

    fn user(n: u128) -> UserId {
        UserId::new(ulid::Ulid(n))
    }

    fn group() -> Group {
        let id = GroupId::new(ulid::Ulid(100));
        let others = [ADMIN, MEMBER, OTHER_ADMIN].map(user);
        let group = Group::new(id, "Climbing", user(OWNER), others, Timestamp::from_ms(1)).unwrap();
        let promoted = |group: Group, n| {
            group.after(&Change::RoleChanged(user(n), Role::Admin), Seq::FIRST, Timestamp::from_ms(1))
        };
        promoted(promoted(group, ADMIN), OTHER_ADMIN)
    }

    #[track_caller]
    fn check_removal(actor: u128, of: u128, allowed: bool) {
        assert_eq!(group().remove_member(user(actor), user(of)).is_ok(), allowed);
    }

    #[test]
    fn who_may_remove_whom() {
        check_removal(OWNER, ADMIN, true);
        check_removal(ADMIN, MEMBER, true);
        check_removal(ADMIN, OTHER_ADMIN, false);
        check_removal(ADMIN, OWNER, false);
        check_removal(MEMBER, ADMIN, false);
        check_removal(MEMBER, MEMBER, true);
        check_removal(OWNER, OWNER, false);
        check_removal(STRANGER, MEMBER, false);
        check_removal(OWNER, STRANGER, false);
    }

    #[track_caller]
    fn check_put(actor: u128, of: u128, role: Option<Role>, expected: Result<Option<Change>, Refusal>) {
        assert_eq!(group().put_member(user(actor), user(of), role), expected);
    }

    #[test]
    fn who_may_add_and_who_may_give_roles() {
        let added = |role| Ok(Some(Change::Added(user(STRANGER), role)));
        check_put(OWNER, STRANGER, None, added(Role::Member));
        check_put(OWNER, STRANGER, Some(Role::Owner), added(Role::Owner));
        check_put(ADMIN, STRANGER, None, added(Role::Member));
        check_put(ADMIN, STRANGER, Some(Role::Admin), Err(Refusal::NotAllowed(GIVES_ROLES)));
        check_put(ADMIN, MEMBER, Some(Role::Admin), Err(Refusal::NotAllowed(GIVES_ROLES)));
        check_put(ADMIN, MEMBER, Some(Role::Member), Ok(None));
        check_put(MEMBER, ADMIN, None, Ok(None));
        check_put(STRANGER, STRANGER, None, Err(Refusal::NotAMember));
        check_put(OWNER, OWNER, Some(Role::Member), Err(Refusal::NotAllowed(LAST_OWNER)));
    }

    #[test]
    fn an_owner_may_go_once_there_is_another() {
        let second = Change::RoleChanged(user(ADMIN), Role::Owner);
        let group = group().after(&second, Seq::FIRST, Timestamp::from_ms(2));
        assert_eq!(group.remove_member(user(OWNER), user(OWNER)), Ok(Change::Removed(user(OWNER))));
    }

    #[test]
    fn a_group_has_at_most_a_hundred_members() {
        let of = |n: u128| {
            Group::new(GroupId::new(ulid::Ulid(1)), "Many", user(1), (2..=n).map(user), Timestamp::from_ms(1))
        };
        let full = of(100).unwrap();
        assert_eq!(of(101), Err(Refusal::GroupFull));
        assert_eq!(full.put_member(user(1), user(101), None), Err(Refusal::GroupFull));
        assert_eq!(full.put_member(user(1), user(100), None), Ok(None));
    }

    #[test]
    fn a_message_is_for_those_who_were_there_before_it() {
        let seq = |n| Seq::new(n).unwrap();
        let group = group().after(&Change::Added(user(9), Role::Member), seq(7), Timestamp::from_ms(2));
        assert_eq!(group.readers_of(seq(6)).count(), 4);
        assert_eq!(group.readers_of(seq(7)).count(), 5);
    }

    #[test]
    fn nobody_is_in_a_deleted_group() {
        let group = group().after(&Change::Deleted, Seq::FIRST, Timestamp::from_ms(2));
        assert_eq!(group.role_of(user(OWNER)), Err(Refusal::NotFound("group")));
    }
}
