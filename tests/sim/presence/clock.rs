//! Virtual time: a sleeping task resumes at its time, a yielding one a little later, as the seed decides.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use confab_domain::Timestamp;

use crate::random::Random;

/// The time at which a world begins.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_790_000_000_000);

/// The time, and the tasks that were woken.
pub(crate) struct Clock {
    now_ms: AtomicU64,
    /// The time until which the running task sleeps; 0 if it yields.
    asked_ms: AtomicU64,
    running: AtomicU64,
    rung: Mutex<BTreeSet<u64>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now_ms: AtomicU64::new(START.as_ms()),
            asked_ms: AtomicU64::new(0),
            running: AtomicU64::new(0),
            rung: Mutex::default(),
        }
    }
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Relaxed))
    }

    /// The task that is being polled.
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Relaxed)
    }

    /// Wakes a sleeping task.
    pub(crate) fn ring(&self, task: u64) {
        self.rung.lock().unwrap().insert(task);
    }

    /// Sleeps until that time, or until the task is woken.
    pub(crate) async fn sleep_until(&self, then: Timestamp) {
        let mut slept = false;
        poll_fn(|_| {
            if std::mem::replace(&mut slept, true) || self.now() >= then {
                return Poll::Ready(());
            }
            self.asked_ms.store(then.as_ms(), Relaxed);
            Poll::Pending
        })
        .await;
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        let then = self.now().plus(duration);
        while self.now() < then {
            self.sleep_until(then).await;
        }
    }
}

type Future = Pin<Box<dyn std::future::Future<Output = ()>>>;

/// Starts tasks, also from within running tasks.
#[derive(Clone, Default)]
pub(crate) struct Spawner(Rc<RefCell<Vec<Future>>>);

/// The output of a task, once it has ended.
pub(crate) struct Answer<T>(Rc<RefCell<Option<T>>>);

impl Spawner {
    /// Starts a task; dropping the answer does not end it.
    pub(crate) fn spawn<T: 'static>(
        &self,
        future: impl std::future::Future<Output = T> + 'static,
    ) -> Answer<T> {
        let answer = Answer(Rc::default());
        let slot = Rc::clone(&answer.0);
        self.0.borrow_mut().push(Box::pin(async move {
            let output = future.await;
            *slot.borrow_mut() = Some(output);
        }));
        answer
    }
}

impl<T> Answer<T> {
    /// Waits for the output for up to `patience`; `None` if the task takes longer.
    pub(crate) async fn within(self, clock: &Clock, patience: Duration) -> Option<T> {
        let deadline = clock.now().plus(patience);
        loop {
            if let Some(answer) = self.0.borrow_mut().take() {
                return Some(answer);
            }
            if clock.now() >= deadline {
                return None;
            }
            clock.sleep_until(clock.now().plus(Duration::from_millis(50))).await;
        }
    }
}

/// A world with a clock.
pub(crate) trait Timed {
    fn clock(&self) -> &Clock;
    fn random(&self) -> &Random;
    /// Slowness factor of a task that starts now.
    fn slowness(&self) -> u64;
    /// When the next record of a queue is due.
    fn next_due(&self) -> Option<Timestamp>;
    /// Receives a due record and starts a task for it.
    fn receive(self: &Arc<Self>, spawner: &Spawner);
}

/// Runs the tasks of a world in the order of time.
#[derive(Default)]
pub(crate) struct Executor {
    pub(crate) spawner: Spawner,
    tasks: BTreeMap<u64, Task>,
    /// The tasks by the time at which they resume; in random order at the same time.
    order: BTreeSet<(u64, u64, u64)>,
    count: u64,
}

struct Task {
    future: Future,
    at: (u64, u64, u64),
    /// Factor of the time that each call of the task takes.
    slowness: u64,
}

impl Executor {
    /// Runs until that time.
    pub(crate) fn run_until<W: Timed>(&mut self, world: &Arc<W>, end: Timestamp) {
        loop {
            self.admit(&**world);
            let task = self.order.first().copied();
            let due = world.next_due().map(Timestamp::as_ms);
            let next = [task.map(|(at, ..)| at), due].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end.as_ms()) else { break };
            world.clock().now_ms.fetch_max(at, Relaxed);
            match task {
                Some(task) if due.is_none_or(|due| task.0 < due) => self.poll(&**world, task),
                _ => world.receive(&self.spawner),
            }
        }
        world.clock().now_ms.fetch_max(end.as_ms(), Relaxed);
    }

    fn admit(&mut self, world: &impl Timed) {
        for future in std::mem::take(&mut *self.spawner.0.borrow_mut()) {
            self.count += 1;
            let slowness = world.slowness();
            let at = (world.clock().now().as_ms(), world.random().draw(), self.count);
            self.tasks.insert(self.count, Task { future, at, slowness });
            self.order.insert(at);
        }
        for rung in std::mem::take(&mut *world.clock().rung.lock().unwrap()) {
            if let Some(task) = self.tasks.get_mut(&rung) {
                self.order.remove(&task.at);
                task.at.0 = task.at.0.min(world.clock().now().as_ms());
                self.order.insert(task.at);
            }
        }
    }

    fn poll(&mut self, world: &impl Timed, at: (u64, u64, u64)) {
        self.order.remove(&at);
        let (_, _, id) = at;
        let task = self.tasks.get_mut(&id).unwrap();
        world.clock().running.store(id, Relaxed);
        world.clock().asked_ms.store(0, Relaxed);
        if task.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.tasks.remove(&id);
            return;
        }
        let asked = world.clock().asked_ms.load(Relaxed);
        let yielded = world.clock().now().as_ms() + task.slowness * world.random().between(1, 8);
        task.at = (if asked > 0 { asked } else { yielded }, world.random().draw(), id);
        self.order.insert(task.at);
    }
}
