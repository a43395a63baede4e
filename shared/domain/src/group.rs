//! Groups: members, roles and rights.
//!
//! A group is a value with a version. A change is decided on one version and becomes the next version, together with
//! its system entry in the group's log. Of two changes decided on the same version, only one is made.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::account::check_label;
use crate::{Content, GroupId, Kind, Refusal, Seq, Timestamp, UserId};

/// Most members of a group, the owner included.
pub const MEMBERS_MAX: usize = 100;

/// Longest time from drawing a group's id to storing the group.
pub const MAKING_MAX: Duration = crate::claim::APPEND_DELAY_MAX;

/// Most members of a group whose members are notified of each other's read marks.
pub const RECEIPT_AUDIENCE_MAX: usize = 20;

/// Longest name. Unit: characters, inclusive.
pub const NAME_CHARS_MAX: usize = 64;

/// Rights of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// All rights. A group always has at least one owner.
    Owner,
    /// Rename the group, add members, remove members who are neither admins nor owners.
    Admin,
    /// Read and write.
    Member,
}

impl Role {
    /// The name on the wire and in the store.
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

/// A member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's role.
    pub role: Role,
    /// Start of the membership.
    pub joined_at: Timestamp,
    /// The system entry that added the member: the first entry of this membership that the member may read.
    pub joined_seq: Seq,
}

/// A group at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Id of the group.
    pub id: GroupId,
    /// Number of the version.
    pub version: u64,
    /// Name for people.
    pub name: String,
    /// Time of the group's creation.
    pub created_at: Timestamp,
    /// At most [`MEMBERS_MAX`]. A deleted group keeps its last members.
    pub members: BTreeMap<UserId, Member>,
    /// Whether the group is deleted. A deleted group's log gets no further entry.
    pub deleted: bool,
}

/// A change of a group that is decided but not yet made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A user becomes a member.
    Added(UserId, Role),
    /// A member is removed, or leaves.
    Removed(UserId),
    /// A member's role changes.
    RoleChanged(UserId, Role),
    /// The group gets another name.
    Renamed(String),
    /// The group is deleted.
    Deleted,
}

impl Change {
    /// The system entry of the change.
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
    /// A new group of `owner` and `others`; duplicates and the owner count once.
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

    /// The first entry of the group's log, which mentions the members besides the owner.
    pub fn first_entry(&self, owner: UserId) -> (Kind, Content) {
        let mentions = self.members.keys().copied().filter(|user| *user != owner).collect();
        (Kind::GroupCreated, Content { text: Some(self.name.clone()), reply_to: None, mentions })
    }

    /// The role of `user`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for a deleted group, [`Refusal::NotAMember`].
    pub fn role_of(&self, user: UserId) -> Result<Role, Refusal> {
        if self.deleted {
            return Err(Refusal::NotFound("group"));
        }
        self.members.get(&user).map(|member| member.role).ok_or(Refusal::NotAMember)
    }

    /// Decides the change when `actor` adds `user` or changes the user's role; without a role, the user keeps the
    /// present one or becomes a member.
    ///
    /// `None` if nothing has to change.
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

    /// Decides the change when `actor` removes `user`; a member who removes themselves leaves.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotAllowed`], [`Refusal::NotFound`] if `user` is not a member, and those of [`Group::role_of`] for
    /// the actor.
    pub fn remove_member(&self, actor: UserId, user: UserId) -> Result<Change, Refusal> {
        let actors = self.role_of(actor)?;
        let theirs = self.members.get(&user).map(|member| member.role).ok_or(Refusal::NotFound("member"))?;
        let may = actor == user || actors == Role::Owner || (actors == Role::Admin && theirs == Role::Member);
        if !may {
            return Err(Refusal::NotAllowed(
                "only owners and admins remove members, and only owners remove admins and owners",
            ));
        }
        if self.is_last_owner(user) {
            return Err(Refusal::NotAllowed(LAST_OWNER));
        }
        Ok(Change::Removed(user))
    }

    /// Decides the change when `actor` renames the group. `None` if the group has that name.
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

    /// Decides the change when `actor` deletes the group.
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

    /// The next version, after the change whose system entry is at `seq`.
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

    /// Whether `user` is a member by the membership that began at `since`.
    pub fn has_membership(&self, user: UserId, since: Option<Seq>) -> bool {
        !self.deleted && since.is_some() && self.members.get(&user).map(|member| member.joined_seq) == since
    }

    /// Present members who may read the position.
    pub fn readers_of(&self, seq: Seq) -> impl Iterator<Item = UserId> {
        self.members.iter().filter(move |(_, member)| member.joined_seq <= seq).map(|(user, _)| *user)
    }

    fn is_last_owner(&self, user: UserId) -> bool {
        let mut owners = self.members.iter().filter(|(_, member)| member.role == Role::Owner);
        owners.next().is_some_and(|(owner, _)| *owner == user) && owners.next().is_none()
    }
}

const GIVES_ROLES: &str = "only an owner changes roles";
const LAST_OWNER: &str = "make another member an owner first";

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
    fn an_owner_may_leave_once_there_is_another() {
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
    fn only_members_who_joined_before_a_message_read_it() {
        let seq = |n| Seq::new(n).unwrap();
        let group = group().after(&Change::Added(user(9), Role::Member), seq(7), Timestamp::from_ms(2));
        assert_eq!(group.readers_of(seq(6)).count(), 4);
        assert_eq!(group.readers_of(seq(7)).count(), 5);
    }

    #[test]
    fn a_deleted_group_has_no_members() {
        let group = group().after(&Change::Deleted, Seq::FIRST, Timestamp::from_ms(2));
        assert_eq!(group.role_of(user(OWNER)), Err(Refusal::NotFound("group")));
    }
}
