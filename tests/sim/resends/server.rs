//! The store of one invocation, with or without a planted bug.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use confab_app::messages::send_message::SendMessage;
use confab_app::ports::{
    Account, AppendError, ClaimKey, ClaimOutcome, CommitOutcome, Contact, ContactPage, Contacts,
    CreateUserOutcome, Devices, End, Groups, Inboxes, Joining, MarkReadOutcome, MessageLog, NewVersion, Page,
    PairChange, ProfileChange, Range, Sessions, StoreError, Tail, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::claim::Claim;
use confab_domain::device::Device;
use confab_domain::high_water::HighWaterMark;
use confab_domain::{
    ClientMessageId, ConversationId, Group, GroupId, Heading, MembershipCount, Message, Relation, Seq,
    Timestamp, UserId,
};
use confab_memory::yield_once;

use super::places::{Call, Effect};
use super::world::{World, sender};
use crate::passed_on::{pass_on, pass_on_groups, pass_on_sessions};
use crate::passed_on_inboxes::pass_on_inboxes;

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A refused send keeps the place of its claim.
    RefusedTakePlaces,
    /// A send that found its key claimed appends without renewing the claim.
    NotRenewed,
    /// The same, in a store that treats several keys as one.
    AlikeNotRenewed,
    /// A head that was known before a fresh claim ends the search, whatever was forgotten.
    KnownHeadTrusted,
    /// Any message under a key counts as the sent one.
    ContentNotCompared,
    /// A claim is released although another send has found it and goes on.
    ReleasedByAnybody,
    /// A refused send releases the present claim of its key, although another send has made it since.
    ReleasesNewerClaim,
    /// A send whose outcome is unknown releases its claim.
    UnknownFreesPlace,
    /// A send that finds its message under a forgotten key does not renew the claim.
    HitNotRenewed,
    /// Each attempt takes a place, also for a key that has one.
    AttemptsCounted,
    /// A duplicate does not move its author's read mark.
    MarkLeftByDuplicates,
    /// A resent message marks everything up to the end of the log.
    MarkAtTheEnd,
}

/// The store of one invocation.
pub(crate) struct Server<'a> {
    pub(crate) world: &'a World,
    command: SendMessage,
    /// Whether the release of the claim takes long.
    hangs: bool,
    /// When this invocation claimed its key afresh.
    claimed_at: Mutex<Option<Timestamp>>,
    /// Whether this invocation has appended its message.
    has_appended: AtomicBool,
}

impl<'a> Server<'a> {
    pub(crate) fn new(world: &'a World, command: &SendMessage, hangs: bool) -> Self {
        let (claimed_at, has_appended) = Default::default();
        Self { world, command: command.clone(), hangs, claimed_at, has_appended }
    }

    fn has(&self, bug: Bug) -> bool {
        self.world.has(bug)
    }

    /// Delays a call, so that calls made at the same time take effect at different times.
    async fn stall(&self) {
        if self.world.random.once_in(4) {
            for _ in 0..self.world.random.below(*self.world.random.pick(&[3, 10, 100])) {
                yield_once().await;
            }
        }
    }

    /// The key as it is stored: some stores treat several keys as one.
    fn kept(&self, key: &ClientMessageId) -> ClientMessageId {
        let kinds = if self.has(Bug::AlikeNotRenewed) { 3 } else { self.world.scenario.kinds_of_keys };
        let sum: u64 = key.as_str().bytes().map(u64::from).sum();
        if kinds == 0 { key.clone() } else { format!("kind-{}", sum % kinds).parse().unwrap() }
    }

    async fn noted<T>(
        &self,
        call: Call,
        key: ClaimKey<'_>,
        result: impl Future<Output = Result<T, StoreError>>,
        effect: impl FnOnce(&T) -> Effect,
    ) -> Result<T, StoreError> {
        if key.user != sender() {
            return result.await;
        }
        let noted = self.world.places.begin(call, key.key, key.attempt);
        let result = result.await;
        noted.end(result.as_ref().map_or(Effect::Unknown, effect));
        result
    }

    fn pretend(&self, entries: &mut [Message]) {
        if self.has(Bug::ContentNotCompared) {
            let own = |entry: &&mut Message| entry.is(self.command.sender, &self.command.key);
            entries.iter_mut().filter(own).for_each(|own| own.content = self.command.content.clone());
        }
    }
}

impl MessageLog for Server<'_> {
    async fn tail(&self, conversation: ConversationId, entries_max: u32) -> Result<Tail, StoreError> {
        self.world.memory.tail(conversation, entries_max).await
    }

    async fn page(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page, StoreError> {
        self.stall().await;
        self.world.pages.fetch_add(1, Relaxed);
        let mut page = self.world.memory.page(conversation, range, entries_max).await?;
        self.pretend(&mut page.entries);
        Ok(page)
    }

    async fn headings(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page<Heading>, StoreError> {
        self.world.pages.fetch_add(1, Relaxed);
        self.world.memory.headings(conversation, range, entries_max).await
    }

    async fn end(&self, conversation: ConversationId, entries_max: u32) -> Result<End, StoreError> {
        self.stall().await;
        let mut end = self.world.memory.end(conversation, entries_max).await?;
        self.pretend(&mut end.tail.newest);
        Ok(end)
    }

    async fn append(&self, message: &Message) -> Result<(), AppendError> {
        self.stall().await;
        let mut appended = self.world.memory.append(message).await;
        // An SDK retries by itself when an answer is lost.
        if matches!(appended, Err(AppendError::Store(_))) && self.world.random.once_in(2) {
            appended = self.world.memory.append(message).await;
        }
        if let Err(AppendError::Occupied(occupant)) = &mut appended {
            self.pretend(std::slice::from_mut(occupant));
        }
        self.has_appended.fetch_or(appended.is_ok(), Relaxed);
        let claimed_at = *self.claimed_at.lock().unwrap();
        if let (Err(AppendError::Store(_)), Some(claimed_at)) = (&appended, claimed_at)
            && self.has(Bug::UnknownFreesPlace)
        {
            let kept = self.kept(&self.command.key);
            let SendMessage { sender: user, conversation, attempt, .. } = self.command;
            let kept = ClaimKey { user, conversation, key: &kept, attempt };
            self.world.memory.release_claim(kept, claimed_at).await?;
        }
        appended
    }

    async fn mark(&self, conversation: ConversationId) -> Result<Option<HighWaterMark>, StoreError> {
        self.world.memory.mark(conversation).await
    }

    async fn set_mark(&self, conversation: ConversationId, mark: HighWaterMark) -> Result<bool, StoreError> {
        self.world.memory.set_mark(conversation, mark).await
    }
}

impl Inboxes for Server<'_> {
    pass_on_inboxes!(open leave forget list replace_alerts get mute accept_adds);

    async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        mut seq: Seq,
    ) -> Result<MarkReadOutcome, StoreError> {
        self.stall().await;
        if self.has(Bug::MarkLeftByDuplicates) && !self.has_appended.load(Relaxed) {
            return Ok(MarkReadOutcome::Already);
        }
        if self.has(Bug::MarkAtTheEnd) {
            let newest = self.world.memory.with_appended(|appended| appended.last().map(|entry| entry.seq));
            seq = newest.and_then(Seq::previous).unwrap_or(seq);
        }
        self.world.memory.mark_read(user, conversation, seq).await
    }

    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<ClaimOutcome, StoreError> {
        self.stall().await;
        let kept = self.kept(key.key);
        let kept = ClaimKey { key: &kept, ..key };
        let is_repeated = AtomicBool::new(false);
        let claiming = async {
            let claim = self.world.memory.claim(kept, now).await;
            // An SDK retries by itself when an answer is lost.
            if claim.is_err() && self.world.random.once_in(2) {
                is_repeated.store(true, Relaxed);
                return self.world.memory.claim(kept, now).await;
            }
            claim
        };
        let outcome = self
            .noted(Call::Claim, key, claiming, |outcome| match outcome.claim {
                Claim::Fresh { .. } => Effect::Certain,
                // The first request, whose answer was lost, may have made the claim that the second one found.
                Claim::Repeated { .. } | Claim::NotAMember if is_repeated.load(Relaxed) => Effect::Unknown,
                Claim::Repeated { .. } | Claim::NotAMember => Effect::Nothing,
            })
            .await?;
        let claim = outcome.claim;
        if claim.is_fresh() {
            *self.claimed_at.lock().unwrap() = Some(now);
            self.world.note_claimant(kept, now);
        }
        if !claim.is_fresh() && self.has(Bug::AttemptsCounted) {
            let of_its_own = format!("attempt-{}", key.attempt.0).parse().unwrap();
            self.world.memory.claim(ClaimKey { key: &of_its_own, ..key }, now).await?;
        }
        if claim.is_fresh() && self.has(Bug::KnownHeadTrusted) {
            return Ok(ClaimOutcome { claim: Claim::Fresh { forgot: None }, ..outcome });
        }
        Ok(outcome)
    }

    async fn renew_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<bool, StoreError> {
        self.stall().await;
        let kept = self.kept(key.key);
        let kept = ClaimKey { key: &kept, ..key };
        let is_hit = self.claimed_at.lock().unwrap().is_some();
        let renewing = async {
            let is_left_out = self.has(Bug::NotRenewed) || self.has(Bug::AlikeNotRenewed);
            if is_left_out || is_hit && self.has(Bug::HitNotRenewed) {
                return Ok(true);
            }
            if self.has(Bug::ReleasedByAnybody) {
                // The claim is there, so that nothing is written.
                return self.world.memory.claim(kept, claimed_at).await.map(|_| true);
            }
            self.world.memory.renew_claim(kept, claimed_at).await
        };
        let effect = |is_done: &bool| if *is_done { Effect::Certain } else { Effect::Nothing };
        self.noted(Call::Renew, key, renewing, effect).await
    }

    async fn release_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<(), StoreError> {
        self.stall().await;
        if self.hangs {
            for _ in 0..self.world.random.between(100, 1_000) {
                yield_once().await;
            }
        }
        let kept = self.kept(key.key);
        let kept = ClaimKey { key: &kept, ..key };
        let releasing = async {
            if self.has(Bug::RefusedTakePlaces) {
                return Ok(());
            }
            let (attempt, claimed_at) = match self.world.last_claimant(&kept) {
                Some(claimant) if self.has(Bug::ReleasesNewerClaim) => claimant,
                _ => (kept.attempt, claimed_at),
            };
            self.world.memory.release_claim(ClaimKey { attempt, ..kept }, claimed_at).await
        };
        self.noted(Call::Release, key, releasing, |()| Effect::Certain).await
    }
}

impl Sessions for Server<'_> {
    pass_on_sessions!(open_connection reopen_connection renew charge change_connections replace_presence);
    pass_on_sessions!(sessions session);
}

pass_on!(Server<'_>);
pass_on_groups!(Server<'_>);
