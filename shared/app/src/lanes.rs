//! One at a time, within a process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use confab_domain::ConversationId;
use tokio::sync::{Mutex as Lane, OwnedMutexGuard};

/// Lets the sends of a process into each conversation one after another.
///
/// They would only take positions away from each other. In the order in which
/// they come: one that waited for long would claim its key so late that its own
/// retry, and 32 messages after that, could have come before. On Lambda, where an
/// environment has one invocation at a time, a lane is always free; sends of
/// different environments still race, and the log decides.
#[derive(Debug, Default)]
pub struct Lanes {
    lanes: Mutex<HashMap<ConversationId, Arc<Lane<()>>>>,
}

/// Holds a lane until it is dropped.
pub struct Turn<'a> {
    lanes: &'a Lanes,
    conversation: ConversationId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Lanes {
    /// Waits for the conversation's lane.
    pub async fn enter(&self, conversation: ConversationId) -> Turn<'_> {
        let lane = Arc::clone(self.lock().entry(conversation).or_default());
        // Made first, so that the lane is tidied up also if the wait is given up.
        let mut turn = Turn { lanes: self, conversation, held: None };
        turn.held = Some(lane.lock_owned().await);
        turn
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Arc<Lane<()>>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut lanes = self.lanes.lock();
        if lanes.get(&self.conversation).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            lanes.remove(&self.conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn conversation(n: u32) -> ConversationId {
        format!("grp_{n:026}").parse().unwrap()
    }

    #[test]
    fn turns_come_in_the_order_in_which_they_were_asked_for() {
        let lanes = Lanes::default();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(lanes.enter(conversation(1))).poll(&mut context) else {
            panic!("the lane was free");
        };
        let mut second = pin!(lanes.enter(conversation(1)));
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(first);
        let mut third = pin!(lanes.enter(conversation(1)));
        assert!(third.as_mut().poll(&mut context).is_pending(), "who came last went first");
        let Poll::Ready(second) = second.poll(&mut context) else { panic!("it was its turn") };
        drop(second);
        assert!(third.poll(&mut context).is_ready());
    }

    #[test]
    fn a_lane_is_one_turns_at_a_time_and_is_gone_when_nobody_wants_it() {
        let lanes = Lanes::default();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(lanes.enter(conversation(1))).poll(&mut context) else {
            panic!("the lane was free");
        };
        let mut second = pin!(lanes.enter(conversation(1)));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(pin!(lanes.enter(conversation(2))).poll(&mut context).is_ready());
        drop(first);
        let Poll::Ready(second) = second.poll(&mut context) else { panic!("the lane is free again") };
        drop(second);
        assert!(lanes.lock().is_empty());
    }
}
