//! A queue with delayed tasks.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use confab_app::delivery::fan_out::FanOutTask;
use confab_app::ports::{FanOutQueue, PresenceQueue, PushQueue, StoreError};
use confab_app::presence::PresenceTask;
use confab_app::push::PushTask;
use confab_domain::Timestamp;

use crate::faults::{FaultInjector, NoFaults};
use crate::yielding::call;

/// A task with the time of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delayed<T> {
    /// Earliest time of the delivery.
    pub due: Timestamp,
    /// The task.
    pub task: T,
    /// Whether the task was received before and put back.
    pub received_before: bool,
}

/// Tasks by their due time: lease checks, fan-outs or pushes.
///
/// The queue delivers nothing by itself: its reader passes the time, and picks one of the due tasks. A received task
/// is removed, so a reader that does not finish it has to put it back.
pub struct DelayQueue<T> {
    injector: Arc<dyn FaultInjector>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    tasks: Mutex<Vec<Delayed<T>>>,
}

impl<T: Clone> DelayQueue<T> {
    /// An empty queue, whose delays count from the time of `clock`.
    pub fn new(
        injector: Arc<dyn FaultInjector>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self { injector, clock: Box::new(clock), tasks: Mutex::default() }
    }

    /// All waiting tasks, the soonest first.
    pub fn waiting(&self) -> Vec<Delayed<T>> {
        self.tasks().clone()
    }

    /// When the next task is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.tasks().first().map(|next| next.due)
    }

    /// Number of tasks that are due at `now`.
    pub fn due(&self, now: Timestamp) -> usize {
        self.tasks().partition_point(|delayed| delayed.due <= now)
    }

    /// Takes the task at `index` of those that are due at `now`, the one that is due for longest first.
    pub fn receive(&self, index: usize, now: Timestamp) -> Option<Delayed<T>> {
        let mut tasks = self.tasks();
        let is_due = tasks.get(index).is_some_and(|delayed| delayed.due <= now);
        is_due.then(|| tasks.remove(index))
    }

    /// Takes the task at `index` of all tasks, due or not.
    pub fn receive_early(&self, index: usize) -> Option<Delayed<T>> {
        let mut tasks = self.tasks();
        (index < tasks.len()).then(|| tasks.remove(index))
    }

    /// Puts a task into the queue, again or for the first time.
    pub fn put_back(&self, delayed: Delayed<T>) {
        let mut tasks = self.tasks();
        let index = tasks.partition_point(|other| other.due <= delayed.due);
        tasks.insert(index, delayed);
    }

    async fn put_after(&self, task: &T, delay: Duration) -> Result<(), StoreError> {
        let effect = || {
            let due = (self.clock)().plus(delay);
            self.put_back(Delayed { due, task: task.clone(), received_before: false });
        };
        call(&*self.injector, effect).await
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<Delayed<T>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PresenceQueue for DelayQueue<PresenceTask> {
    async fn put(&self, task: &PresenceTask, delay: Duration) -> Result<(), StoreError> {
        self.put_after(task, delay).await
    }
}

impl FanOutQueue for DelayQueue<FanOutTask> {
    async fn enqueue(&self, task: &FanOutTask, delay: Duration) -> Result<(), StoreError> {
        self.put_after(task, delay).await
    }
}

impl PushQueue for DelayQueue<PushTask> {
    async fn put(&self, task: &PushTask, delay: Duration) -> Result<(), StoreError> {
        self.put_after(task, delay).await
    }
}

impl<T: Clone> Default for DelayQueue<T> {
    /// A queue without a clock: delays count from the epoch.
    fn default() -> Self {
        Self::new(Arc::new(NoFaults), || Timestamp::from_ms(0))
    }
}

impl<T: fmt::Debug> fmt::Debug for DelayQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayQueue").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use confab_app::presence::Step;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(seconds * 1000)
    }

    fn delayed(seconds: u64, user: &str) -> Delayed<PresenceTask> {
        let task = PresenceTask::V1(Step::Begin { user: user.to_owned(), watch: 7, shown: None });
        Delayed { due: at(seconds), task, received_before: false }
    }

    #[test]
    fn no_task_is_delivered_before_its_time_unless_received_early() {
        let queue = DelayQueue::default();
        queue.put_back(delayed(30, "late"));
        queue.put_back(delayed(10, "soon"));
        assert_eq!((queue.next_due(), queue.due(at(9)), queue.due(at(10))), (Some(at(10)), 0, 1));
        assert_eq!(queue.receive(0, at(9)), None);
        assert_eq!(queue.receive(1, at(10)), None);
        assert_eq!(queue.receive_early(1), Some(delayed(30, "late")));
        assert_eq!(queue.receive(0, at(10)), Some(delayed(10, "soon")));
        assert_eq!(queue.waiting(), []);
    }
}
