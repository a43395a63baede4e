//! A semaphore for each key, within a process.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Limits how many requests with the same key a process serves side by side.
///
/// Requests get their permits in the order in which they come. On Lambda, where an environment has one invocation at
/// a time, a permit is always free.
#[derive(Debug)]
pub struct KeyedSemaphore<K> {
    permits: usize,
    semaphores: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// The right of a request to run, held until it is dropped.
pub struct Permit<'a, K: Hash + Eq + Copy> {
    semaphores: &'a KeyedSemaphore<K>,
    key: K,
    held: Option<OwnedSemaphorePermit>,
    has_waited: bool,
}

impl<K: Hash + Eq + Copy> Permit<'_, K> {
    /// Whether the request had to wait for the permit. Then time has passed since it came, and earlier decisions
    /// about it may be out of date.
    pub const fn has_waited(&self) -> bool {
        self.has_waited
    }
}

impl<K: Hash + Eq + Copy> KeyedSemaphore<K> {
    /// Creates a semaphore with `permits` permits for each key.
    pub fn new(permits: usize) -> Self {
        Self { permits, semaphores: Mutex::default() }
    }

    /// Waits for a permit.
    pub async fn acquire(&self, key: K) -> Permit<'_, K> {
        let semaphore =
            Arc::clone(self.lock().entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.permits))));
        // Made before the wait, so that dropping it removes the key's semaphore also if the wait is given up.
        let mut permit = Permit { semaphores: self, key, held: None, has_waited: false };
        permit.held = Arc::clone(&semaphore).try_acquire_owned().ok();
        if permit.held.is_none() {
            permit.has_waited = true;
            permit.held = semaphore.acquire_owned().await.ok();
        }
        permit
    }

    /// Whether no permit is held or waited for.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Semaphore>>> {
        self.semaphores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Copy> Drop for Permit<'_, K> {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut semaphores = self.semaphores.lock();
        if semaphores.get(&self.key).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            semaphores.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_domain::ConversationId;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn conversation(n: u32) -> ConversationId {
        format!("grp_{n:026}").parse().unwrap()
    }

    #[test]
    fn permits_are_granted_in_the_order_of_the_requests() {
        let semaphores = KeyedSemaphore::new(1);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(semaphores.acquire(conversation(1))).poll(&mut context) else {
            panic!("the permit was free");
        };
        let mut second = pin!(semaphores.acquire(conversation(1)));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(!first.has_waited());
        drop(first);
        let mut third = pin!(semaphores.acquire(conversation(1)));
        assert!(third.as_mut().poll(&mut context).is_pending(), "the last request was first");
        let Poll::Ready(second) = second.poll(&mut context) else { panic!("the permit is free again") };
        assert!(second.has_waited());
        drop(second);
        assert!(third.poll(&mut context).is_ready());
    }

    #[test]
    fn a_key_has_one_permit_and_is_removed_when_no_request_uses_it() {
        let semaphores = KeyedSemaphore::new(1);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(semaphores.acquire(conversation(1))).poll(&mut context) else {
            panic!("the permit was free");
        };
        let mut second = pin!(semaphores.acquire(conversation(1)));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(pin!(semaphores.acquire(conversation(2))).poll(&mut context).is_ready());
        drop(first);
        let Poll::Ready(second) = second.poll(&mut context) else { panic!("the permit is free again") };
        drop(second);
        assert!(semaphores.lock().is_empty());
    }

    #[test]
    fn as_many_begin_as_there_are_permits() {
        let semaphores = KeyedSemaphore::new(2);
        let mut context = Context::from_waker(Waker::noop());
        let mut acquire = |key| match pin!(semaphores.acquire(key)).poll(&mut context) {
            Poll::Ready(permit) => Some(permit),
            Poll::Pending => None,
        };
        let (first, second) = (acquire(conversation(1)), acquire(conversation(1)));
        assert!(first.is_some() && second.is_some());
        assert!(acquire(conversation(1)).is_none());
        drop(second);
        assert!(acquire(conversation(1)).is_some());
    }
}
