//! A queue whose reader picks the time and the order of deliveries.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use confab_app::delivery::fan_out::FanOutTask;
use confab_app::ports::{FanOutQueue, StoreError};

use crate::faults::{FaultInjector, NoFaults};
use crate::yielding::call;

/// Fan-outs that are still to be made.
///
/// The queue ignores delays. It loses nothing: a received task is removed, so a reader that does not finish it has to
/// put it back. A reader that puts a finished task back has it delivered twice.
pub struct Queue {
    injector: Arc<dyn FaultInjector>,
    tasks: Mutex<Vec<FanOutTask>>,
}

impl Queue {
    /// An empty queue.
    pub fn new(injector: Arc<dyn FaultInjector>) -> Self {
        Self { injector, tasks: Mutex::default() }
    }

    /// Number of waiting tasks.
    pub fn waiting(&self) -> usize {
        self.tasks().len()
    }

    /// Takes the task at `index`, the one that has waited longest first; a real queue keeps no order.
    pub fn receive(&self, index: usize) -> Option<FanOutTask> {
        let mut tasks = self.tasks();
        (index < tasks.len()).then(|| tasks.remove(index))
    }

    /// Puts a task back, to be delivered again.
    pub fn put_back(&self, task: FanOutTask) {
        self.tasks().push(task);
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<FanOutTask>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FanOutQueue for Queue {
    async fn enqueue(&self, task: &FanOutTask, _delay: Duration) -> Result<(), StoreError> {
        call(&*self.injector, || self.tasks().push(task.clone())).await
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::new(Arc::new(NoFaults))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}
