//! A gateway that records every post.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_app::ports::{CloseOutcome, Connections, PostOutcome, StoreError};
use confab_domain::ConnectionId;

use crate::faults::{FaultInjector, NoFaults};
use crate::yielding::call;

/// Open sockets by id, with the frames that were delivered to each.
///
/// The fault injector decides whether a post fails or its answer is lost, as for a call to a store.
pub struct Gateway {
    injector: Arc<dyn FaultInjector>,
    sockets: Mutex<Sockets>,
}

#[derive(Debug, Default)]
struct Sockets {
    /// Frames that were delivered and not taken yet, in order.
    open: BTreeMap<ConnectionId, Vec<Vec<u8>>>,
    fault: Option<PostFault>,
    /// Faults of single sockets.
    faults: BTreeMap<ConnectionId, PostFault>,
}

/// Fault of posts, until it is set otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostFault {
    /// The post is not delivered: the socket has no room.
    Full,
    /// The post is not delivered: the gateway itself fails.
    Failed,
    /// The post is accepted but not delivered: the device is in a tunnel.
    Swallowed,
}

impl Gateway {
    /// A gateway without sockets.
    pub fn new(injector: Arc<dyn FaultInjector>) -> Self {
        Self { injector, sockets: Mutex::default() }
    }

    /// Opens a socket.
    pub fn open(&self, connection: ConnectionId) {
        self.sockets().open.insert(connection, Vec::new());
    }

    /// Drops a socket without notice; posts to it are answered with 410 from then on. False if there was no such
    /// socket.
    pub fn drop_socket(&self, connection: &ConnectionId) -> bool {
        self.sockets().open.remove(connection).is_some()
    }

    /// Whether the socket is open.
    pub fn is_open(&self, connection: &ConnectionId) -> bool {
        self.sockets().open.contains_key(connection)
    }

    /// Takes the frames that were delivered since the last call, in order.
    pub fn take_frames(&self, connection: &ConnectionId) -> Vec<Vec<u8>> {
        self.sockets().open.get_mut(connection).map(std::mem::take).unwrap_or_default()
    }

    /// Sets or ends a fault of posts to one socket.
    pub fn set_fault_of(&self, connection: &ConnectionId, fault: Option<PostFault>) {
        let faults = &mut self.sockets().faults;
        match fault {
            Some(fault) => faults.insert(connection.clone(), fault),
            None => faults.remove(connection),
        };
    }

    /// Sets or ends a fault of posts to all sockets.
    pub fn set_fault(&self, fault: Option<PostFault>) {
        self.sockets().fault = fault;
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections for Gateway {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        let post = call(&*self.injector, || {
            let Sockets { open, fault, faults } = &mut *self.sockets();
            let outcome = match (open.get_mut(connection), faults.get(connection).copied().or(*fault)) {
                (None, _) => PostOutcome::Gone,
                (Some(_), Some(PostFault::Full)) => PostOutcome::Limited,
                (Some(_), Some(PostFault::Failed)) => {
                    return Err(StoreError::Unavailable("the gateway fails".into()));
                }
                (Some(_), Some(PostFault::Swallowed)) => PostOutcome::Taken,
                (Some(frames), None) => {
                    frames.push(frame.to_vec());
                    PostOutcome::Taken
                }
            };
            Ok(outcome)
        });
        post.await?
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        call(&*self.injector, || Self::is_open(self, connection)).await
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        let close = call(&*self.injector, || {
            if self.drop_socket(connection) { CloseOutcome::Closed } else { CloseOutcome::Gone }
        });
        close.await
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self::new(Arc::new(NoFaults))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("sockets", &self.sockets).finish_non_exhaustive()
    }
}
