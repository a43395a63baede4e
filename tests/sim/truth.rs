//! Memberships of groups over time, derived from the entries of the logs alone.

use std::collections::BTreeMap;

use confab_domain::group::Role;
use confab_domain::joined::PAST_MAX;
use confab_domain::{ConversationId, Kind, Message, Seq, UserId, membership};

/// The state of all groups, derived from their logs.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) groups: BTreeMap<ConversationId, GroupTruth>,
    /// Entries that break a rule.
    pub(crate) faults: Vec<String>,
}

/// The state of one group, derived from its entries.
#[derive(Debug, Default)]
pub(crate) struct GroupTruth {
    /// Number of system entries.
    pub(crate) version: u64,
    /// The members, or those at the group's end; each with the last role that an entry names.
    pub(crate) members: BTreeMap<UserId, (Seq, Option<Role>)>,
    /// First and last position of each membership, the latest last.
    pub(crate) times: BTreeMap<UserId, Vec<(Seq, Option<Seq>)>>,
    /// Names of the group, each with its first position.
    names: Vec<(Seq, String)>,
    /// The position of the entry of the end.
    pub(crate) deleted: Option<Seq>,
}

impl Truth {
    /// Reads the entries of all conversations, in the order of their appends.
    pub(crate) fn of(appended: &[Message]) -> Self {
        let mut truth = Self::default();
        for entry in appended.iter().filter(|entry| entry.conversation.group().is_some()) {
            let group = truth.groups.entry(entry.conversation).or_default();
            if let Err(fault) = group.go_on(entry) {
                truth.faults.push(format!("membership: {fault}, in {entry:?}"));
            }
        }
        truth
    }

    fn times(&self, conversation: ConversationId, user: UserId) -> &[(Seq, Option<Seq>)] {
        self.groups.get(&conversation).and_then(|group| group.times.get(&user)).map_or(&[], Vec::as_slice)
    }

    /// Whether a user may read a position.
    pub(crate) fn reads(&self, conversation: ConversationId, user: UserId, seq: u64) -> bool {
        let within = |(first, last): &(Seq, Option<Seq>)| {
            first.get() <= seq && last.is_none_or(|last| seq <= last.get())
        };
        match conversation {
            ConversationId::Dm { lower, upper } => membership::peer_of((lower, upper), user).is_ok(),
            ConversationId::Group(_) => self.times(conversation, user).iter().any(within),
        }
    }

    /// The first position of the present membership of a user.
    pub(crate) fn since(&self, conversation: ConversationId, user: UserId) -> Option<Seq> {
        match conversation {
            ConversationId::Dm { .. } => self.reads(conversation, user, 1).then_some(Seq::FIRST),
            ConversationId::Group(_) => {
                let (first, last) = self.times(conversation, user).last()?;
                last.is_none().then_some(*first)
            }
        }
    }

    /// Whether a sync must return a position to a user who is in the conversation.
    pub(crate) fn is_due(&self, conversation: ConversationId, user: UserId, seq: u64) -> bool {
        self.since(conversation, user).is_some() && self.may_read(conversation, user, seq)
    }

    /// Whether the row of a user who is or was in the conversation still lets them read a position.
    pub(crate) fn may_read(&self, conversation: ConversationId, user: UserId, seq: u64) -> bool {
        let times = self.times(conversation, user);
        // A row forgets the oldest memberships.
        let is_in = usize::from(self.since(conversation, user).is_some());
        let oldest = times.len().checked_sub(PAST_MAX + is_in).map_or(Seq::FIRST, |kept| times[kept].0);
        seq >= oldest.get() && self.reads(conversation, user, seq)
    }

    /// How often a user joined or left.
    pub(crate) fn turns(&self, conversation: ConversationId, user: UserId) -> usize {
        let turns = |(_, last): &(Seq, Option<Seq>)| 1 + usize::from(last.is_some());
        self.times(conversation, user).iter().map(turns).sum()
    }

    /// Whether a user was in a group while it had that name.
    pub(crate) fn knows_name(&self, conversation: ConversationId, user: UserId, name: &str) -> bool {
        let Some(group) = self.groups.get(&conversation) else { return false };
        let is_known = |index: usize| {
            let (from, until) = (group.names[index].0, group.names.get(index + 1).map(|next| next.0));
            self.times(conversation, user).iter().any(|(first, last)| {
                last.is_none_or(|last| from <= last) && until.is_none_or(|until| *first < until)
            })
        };
        (0..group.names.len()).any(|index| group.names[index].1 == name && is_known(index))
    }
}

impl GroupTruth {
    /// The present name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.names.last().map(|(_, name)| name.as_str())
    }

    fn go_on(&mut self, entry: &Message) -> Result<(), &'static str> {
        let seq = entry.seq;
        if entry.kind == Kind::GroupCreated {
            if self.version > 0 {
                return Err("a group was created twice");
            }
            self.join(entry.sender, seq, Some(Role::Owner));
            entry.content.mentions.iter().for_each(|user| self.join(*user, seq, Some(Role::Member)));
        } else if self.deleted.is_some() {
            return Err("something follows the end of a group");
        } else if !self.members.contains_key(&entry.sender) {
            return Err("an outsider writes");
        }
        let subject = entry.content.mentions.first().copied();
        let member = subject.filter(|subject| self.members.contains_key(subject));
        match entry.kind {
            Kind::Text => return Ok(()),
            Kind::GroupCreated | Kind::GroupRenamed => {
                self.names.push((seq, entry.content.text.clone().ok_or("no name")?));
            }
            Kind::MemberAdded => {
                let newcomer = subject.filter(|_| member.is_none()).ok_or("a member was added")?;
                self.join(newcomer, seq, None);
            }
            Kind::MemberRemoved => {
                let leaver = member.ok_or("a non-member was removed")?;
                self.members.remove(&leaver);
                self.end(leaver, seq);
            }
            Kind::RoleChanged => {
                let member = self.members.get_mut(&member.ok_or("an outsider has a role")?);
                let role = entry.content.text.as_deref().and_then(Role::parse).ok_or("no role")?;
                member.ok_or("an outsider has a role")?.1 = Some(role);
            }
            Kind::GroupDeleted => {
                self.deleted = Some(seq);
                let members: Vec<UserId> = self.members.keys().copied().collect();
                members.into_iter().for_each(|user| self.end(user, seq));
            }
        }
        self.version += 1;
        Ok(())
    }

    fn join(&mut self, user: UserId, seq: Seq, role: Option<Role>) {
        self.members.insert(user, (seq, role));
        self.times.entry(user).or_default().push((seq, None));
    }

    fn end(&mut self, user: UserId, seq: Seq) {
        if let Some((_, last)) = self.times.get_mut(&user).and_then(|times| times.last_mut()) {
            *last = Some(seq);
        }
    }
}
