//! A store that implements every store port.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_app::ports::StoreError;

use crate::contacts::ContactTable;
use crate::devices::DeviceTable;
use crate::faults::{FaultInjector, NoFaults};
use crate::groups::GroupTable;
use crate::inboxes::InboxTable;
use crate::message_log::LogTable;
use crate::rate_limits::BucketTable;
use crate::sessions::SessionTable;
use crate::users::{InviteTable, PasswordChangeTable, UserTable};
use crate::yielding::call;

/// Every store port over maps.
pub struct Memory {
    injector: Arc<dyn FaultInjector>,
    page_max: NonZeroU32,
    tables: Mutex<Tables>,
}

/// All tables, under one lock, so that a call across tables is atomic.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) logs: LogTable,
    pub(crate) inboxes: InboxTable,
    pub(crate) groups: GroupTable,
    pub(crate) sessions: SessionTable,
    pub(crate) contacts: ContactTable,
    pub(crate) users: UserTable,
    pub(crate) password_changes: PasswordChangeTable,
    pub(crate) invites: InviteTable,
    pub(crate) devices: DeviceTable,
    pub(crate) buckets: BucketTable,
}

impl Memory {
    /// An empty store with that fault injector.
    pub fn new(injector: Arc<dyn FaultInjector>) -> Self {
        Self { injector, page_max: NonZeroU32::MAX, tables: Mutex::default() }
    }

    /// Limits every page to that many entries or rows, whatever the call asks for.
    ///
    /// A real store cuts a page whose entries are large.
    #[must_use]
    pub fn with_page_max(self, page_max: NonZeroU32) -> Self {
        Self { page_max, ..self }
    }

    /// Limits the claims that an inbox row remembers, so that a simulation soon forgets some.
    #[must_use]
    pub fn with_claims_max(self, claims_max: usize) -> Self {
        self.tables().inboxes.set_claims_max(claims_max);
        self
    }

    /// Size of a page of at most `wanted` entries.
    pub(crate) fn page_size(&self, wanted: u32) -> usize {
        usize::try_from(wanted.min(self.page_max.get())).unwrap_or(usize::MAX)
    }

    pub(crate) async fn call<T>(&self, effect: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        call(&*self.injector, || effect(&mut self.tables())).await
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(Arc::new(NoFaults))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("tables", &self.tables).finish_non_exhaustive()
    }
}
