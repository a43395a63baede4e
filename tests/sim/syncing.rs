//! How a device asks for what it lacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use confab_app::ports::Inboxes;
use confab_app::sync::{self, Resume};
use confab_domain::{ConversationId, Seq};
use confab_protocol::{ServerFrame, server};

use crate::checker;
use crate::device::{Chat, Device, TRIES_MAX};
use crate::executor::finish;
use crate::planted::Bug;

impl Device {
    /// Syncs until the answer is complete.
    pub(crate) async fn catch_up(&mut self) {
        for _ in 0..TRIES_MAX {
            if self.sync(usize::MAX, false).await {
                return;
            }
        }
    }

    /// Asks for what is missing; true where all of it came.
    pub(crate) async fn sync(&mut self, limit: usize, partial: bool) -> bool {
        let Some(socket) = self.socket.clone() else { return false };
        self.receive();
        let cursors = self.chats.iter().map(|(id, chat)| (*id, Seq::new(chat.cursor))).collect();
        let asked = sync::Sync { id: self.next_id(), cursors, limit, partial, after: None };
        let appended_before = self.world.memory.appended();
        let mut parts: Vec<server::Sync> = Vec::new();
        loop {
            let next = parts.last().and_then(|part| part.next.as_deref());
            let after = next.map(|token| self.after(token));
            if after.is_none() && !parts.is_empty() {
                break;
            }
            let command = sync::Sync { after, ..asked.clone() };
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

    /// Where a token says that an answer goes on.
    fn after(&self, token: &str) -> Resume {
        let mut after: Resume = token.parse().unwrap();
        if self.world.has(Bug::ResumeSkipsTheNextRow) && after.within.is_none() {
            let user = self.identity.user;
            let rows = finish(self.world.memory.list(user, Some(after.conversation), 1)).unwrap().rows;
            after.conversation = rows.first().map_or(after.conversation, |row| row.conversation);
        }
        if self.world.has(Bug::ResumeForgetsTheRestOfARow) {
            after.within = None;
        }
        after
    }

    /// Takes the answer of a sync. Gives per conversation where its limit cut it, if it did.
    fn take_answer(&mut self, parts: Vec<server::Sync>, limit: usize) -> Vec<(ConversationId, Option<u64>)> {
        let mut given: BTreeMap<ConversationId, (Vec<u64>, u64)> = BTreeMap::new();
        for part in parts.into_iter().flat_map(|part| part.conversations) {
            let (seqs, last_seq) = given.entry(part.conversation.parse().unwrap()).or_default();
            seqs.extend(part.messages.iter().map(|message| message.seq));
            *last_seq = part.last_seq;
            part.messages.into_iter().for_each(|message| self.show(message));
        }
        let mut ends = Vec::new();
        for (id, (seqs, last_seq)) in given {
            if !seqs.is_sorted_by(|one, next| one < next) || seqs.len() > limit {
                self.world.fault(format!("a sync with limit {limit} gave {seqs:?}"));
            }
            // What is left out below the end of an answer has expired. So has what is
            // left out below an end that was known before a whole answer was asked for.
            let cut = seqs.len() == limit;
            let chat = self.chats.entry(id).or_default();
            let end = seqs.last().copied().unwrap_or(0);
            let known = if cut { 0 } else { std::mem::replace(&mut chat.last_seq, last_seq) };
            chat.cursor = chat.cursor.max(end).max(known);
            chat.go_on();
            ends.push((id, cut.then_some(end)));
        }
        self.wants_sync = self.chats.values().any(Chat::has_hole);
        ends
    }
}
