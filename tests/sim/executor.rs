//! Polls tasks in an order that the seed decides.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use confab_memory::yield_once;

use crate::random::Random;

/// How often a task is polled: once in so many opportunities.
const SLOWNESS: [u64; 4] = [1, 1, 4, 20];

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Starts tasks, also from within running tasks.
#[derive(Clone, Default)]
pub(crate) struct Spawner(Rc<RefCell<Vec<Task>>>);

impl Spawner {
    /// Starts a task; dropping the answer does not end it.
    pub(crate) fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Answer<T> {
        let answer = Answer(Rc::default());
        let slot = Rc::clone(&answer.0);
        self.0.borrow_mut().push(Box::pin(async move {
            let output = future.await;
            *slot.borrow_mut() = Some(output);
        }));
        answer
    }

    /// Polls the tasks, one at a time, until all have ended. Calls `tick` before each poll.
    ///
    /// Some tasks are slow: others are polled many times between two of their polls.
    pub(crate) fn run(&self, random: &Random, mut tick: impl FnMut()) {
        let mut tasks: Vec<(Task, u64)> = Vec::new();
        loop {
            let new = std::mem::take(&mut *self.0.borrow_mut());
            tasks.extend(new.into_iter().map(|task| (task, *random.pick(&SLOWNESS))));
            if tasks.is_empty() {
                return;
            }
            let next = usize::try_from(random.below(tasks.len() as u64)).unwrap();
            let (task, slowness) = &mut tasks[next];
            if !random.once_in(*slowness) {
                continue;
            }
            tick();
            if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                drop(tasks.swap_remove(next));
            }
        }
    }
}

/// The output of a task, once it has ended.
pub(crate) struct Answer<T>(Rc<RefCell<Option<T>>>);

impl<T> Answer<T> {
    /// Waits for the output for up to `polls` polls; `None` if the task takes longer.
    pub(crate) async fn within(&self, polls: u64) -> Option<T> {
        for _ in 0..polls {
            if let Some(answer) = self.0.borrow_mut().take() {
                return Some(answer);
            }
            yield_once().await;
        }
        None
    }

    /// The output, if the task has ended.
    pub(crate) fn take(self) -> Option<T> {
        self.0.borrow_mut().take()
    }
}

/// Runs a future until it ends. If `dies` returns true before a poll, drops the future and returns `None`.
pub(crate) async fn mortal<T>(future: impl Future<Output = T>, mut dies: impl FnMut() -> bool) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| if dies() { Poll::Ready(None) } else { future.as_mut().poll(context).map(Some) }).await
}

/// Runs a future that waits for no other task.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
