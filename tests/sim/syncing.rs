//! Syncs of a device.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use confab_app::ports::{Consistency, Inboxes};
use confab_app::sync::{self, Resume};
use confab_domain::{ConversationId, Message, Seq};
use confab_protocol::{ServerFrame, server};

use crate::checker;
use crate::device::{Chat, Device, TRIES_MAX};
use crate::executor::finish;
use crate::planted::Bug;
use crate::truth::Truth;

impl Device {
    /// Syncs until the answer is complete.
    pub(crate) async fn catch_up(&mut self) {
        for _ in 0..TRIES_MAX {
            if self.sync(usize::MAX, false).await {
                return;
            }
        }
    }

    /// Asks for what is missing. Returns true if all of it came.
    pub(crate) async fn sync(&mut self, limit: usize, partial: bool) -> bool {
        let Some(socket) = self.socket.clone() else { return false };
        self.receive();
        let chats = self.chats.iter().filter(|(_, chat)| !chat.left);
        let cursors = chats.map(|(id, chat)| (*id, Seq::new(chat.cursor))).collect();
        let asked = sync::SyncQuery { id: self.next_id(), cursors, limit, partial, after: None };
        let appended_before = self.world.memory.appended();
        let ended_before = self.ended_among(&asked.cursors);
        let mut parts: Vec<server::SyncFrame> = Vec::new();
        loop {
            let next = parts.last().and_then(|part| part.next.as_deref());
            let after = next.map(|token| self.after(token));
            if after.is_none() && !parts.is_empty() {
                break;
            }
            let command = sync::SyncQuery { after, ..asked.clone() };
            let (world, user, connection) = (Arc::clone(&self.world), self.identity.user, socket.clone());
            let syncing = self.spawner.spawn(async move { world.sync(user, &connection, command).await });
            let Some(last) = syncing.within(self.patience()).await.flatten() else { return false };
            for frame in self.frames().into_iter().chain([last]) {
                if let ServerFrame::Sync(part) = &frame
                    && part.id == asked.id
                {
                    parts.push(part.clone());
                } else {
                    self.take(frame);
                }
            }
        }
        if parts.last().is_none_or(|part| !part.complete) {
            self.world.fault("the last frame of a sync is not complete".to_owned());
        }
        self.check_notified_of_the_end(&asked, &appended_before, &ended_before, &parts);
        let mut whole = true;
        let mut ends = BTreeMap::new();
        for (id, end) in self.take_answer(parts, limit) {
            whole &= end.is_none();
            ends.insert(id, end);
        }
        checker::check_synced(self, &appended_before, |id| {
            let asked_for = !partial || asked.cursors.contains_key(id);
            asked_for.then(|| ends.get(id).copied().flatten().unwrap_or(u64::MAX))
        });
        self.caught_up |= whole && !partial;
        whole && !partial
    }

    /// The position at which a token resumes an answer.
    fn after(&self, token: &str) -> Resume {
        let mut after: Resume = token.parse().unwrap();
        if self.world.has(Bug::ResumeSkipsTheNextRow) && after.within.is_none() {
            let user = self.identity.user;
            let rows = finish(self.world.memory.list(user, Some(after.conversation), 1, Consistency::Strong))
                .unwrap()
                .rows;
            after.conversation = rows.first().map_or(after.conversation, |row| row.conversation);
        }
        if self.world.has(Bug::ResumeForgetsTheRestOfARow) {
            after.within = None;
        }
        after
    }

    /// The conversations whose rows say that the user is out.
    fn ended_among(&self, cursors: &BTreeMap<ConversationId, Option<Seq>>) -> BTreeSet<ConversationId> {
        let is_ended = |named: &&ConversationId| self.world.memory.has_ended(self.identity.user, **named);
        cursors.keys().filter(is_ended).copied().collect()
    }

    /// Checks that the answer reports each named group that the user is out of, with the entries that the user may
    /// still read.
    fn check_notified_of_the_end(
        &self,
        asked: &sync::SyncQuery,
        appended_before: &[Message],
        ended_before: &BTreeSet<ConversationId>,
        parts: &[server::SyncFrame],
    ) {
        let user = self.identity.user;
        let (before, after) = (Truth::of(appended_before), self.world.truth());
        for conversation in asked.cursors.keys().filter(|conversation| {
            conversation.group().is_some()
                && before.turns(**conversation, user) == after.turns(**conversation, user)
        }) {
            let id = conversation.to_string();
            let entries = parts.iter().flat_map(|part| &part.conversations);
            let entries: Vec<_> = entries.filter(|entry| entry.conversation == id).collect();
            let reported = (
                entries.iter().any(|entry| entry.left == Some(true)),
                entries.iter().any(|entry| entry.deleted == Some(true)),
            );
            let is_out = before.since(*conversation, user).is_none();
            let has_ended = before
                .groups
                .get(conversation)
                .is_some_and(|group| group.deleted.is_some() && group.members.contains_key(&user));
            let expected = (is_out && !has_ended, has_ended);
            let may_be_silent = !ended_before.contains(conversation) && reported == (false, false);
            if reported != expected && !(is_out && may_be_silent) {
                self.world.fault(format!("a sync of {user:?}, {expected:?} of {id}, says {entries:?}"));
            }
            let cursor = asked.cursors.get(conversation).copied().flatten();
            let given: BTreeSet<u64> =
                entries.iter().flat_map(|entry| &entry.messages).map(|message| message.seq).collect();
            let is_due = |entry: &&Message| {
                entry.conversation == *conversation
                    && Some(entry.seq) > cursor
                    && before.may_read(*conversation, user, entry.seq.get())
            };
            let lacks = appended_before.iter().filter(is_due).any(|entry| !given.contains(&entry.seq.get()));
            if lacks
                && reported != (false, false)
                && asked.limit == usize::MAX
                && !self.world.scenario.retention
            {
                self.world.fault(format!("a sync of {user:?} after {cursor:?} of {id} has {given:?} only"));
            }
        }
    }

    /// Applies the answer of a sync. Returns for each conversation the position at which the limit cut the answer, if
    /// it did.
    fn take_answer(
        &mut self,
        parts: Vec<server::SyncFrame>,
        limit: usize,
    ) -> Vec<(ConversationId, Option<u64>)> {
        let mut given: BTreeMap<ConversationId, (Vec<u64>, u64, bool)> = BTreeMap::new();
        for part in parts.into_iter().flat_map(|part| part.conversations) {
            let (seqs, last_seq, is_out) = given.entry(part.conversation.parse().unwrap()).or_default();
            seqs.extend(part.messages.iter().map(|message| message.seq));
            *last_seq = part.last_seq.expect("every row has the end of its log");
            *is_out = part.left == Some(true) || part.deleted == Some(true);
            part.messages.into_iter().for_each(|message| self.show(message));
        }
        let mut ends = Vec::new();
        for (id, (seqs, last_seq, is_out)) in given {
            if !seqs.is_sorted_by(|one, next| one < next) || seqs.len() > limit {
                self.world.fault(format!("a sync with limit {limit} gave {seqs:?}"));
            }
            // Entries that are missing below the end of an answer have expired. So have entries that are missing below
            // an end that was known before a complete answer was requested.
            let cut = seqs.len() == limit;
            let chat = self.chats.entry(id).or_default();
            let end = seqs.last().copied().unwrap_or(0);
            // A log that continues may have more entries than when its end was read.
            if is_out && end > last_seq {
                self.world.fault(format!("a sync that ends at {last_seq} gave {seqs:?}"));
            }
            let known = if is_out || cut { 0 } else { std::mem::replace(&mut chat.last_seq, last_seq) };
            chat.cursor = chat.cursor.max(end).max(known);
            chat.left = is_out && (!cut || chat.cursor >= last_seq);
            chat.go_on();
            ends.push((id, cut.then_some(end)));
        }
        self.wants_sync = self.chats.values().any(Chat::has_hole);
        ends
    }
}
