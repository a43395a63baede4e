//! Order of the messages of one connection that are handled one after another.

use std::collections::HashMap;

use tokio::sync::oneshot::{self, error::TryRecvError};

/// Number of keys from which keys without waiting messages are removed.
const KEYS_MAX: usize = 128;

/// The last message under each key.
#[derive(Default)]
pub(super) struct Order(HashMap<String, oneshot::Receiver<()>>);

/// Position of a message among those with its key. When it is dropped, the next message may be handled.
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    /// Its drop lets the next message be handled.
    _gone: oneshot::Sender<()>,
}

impl Order {
    /// Takes the next position under a key.
    pub(super) fn enter(&mut self, key: String) -> Turn {
        if self.0.len() >= KEYS_MAX {
            self.0.retain(|_, last| matches!(last.try_recv(), Err(TryRecvError::Empty)));
        }
        let (done, last) = oneshot::channel();
        Turn { before: self.0.insert(key, last), _gone: done }
    }
}

impl Turn {
    /// Waits until the message before this one is done.
    pub(super) async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            drop(before.await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn has_come(turn: &mut Turn) -> bool {
        pin!(turn.come()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn each_message_waits_for_the_one_before_it_with_the_same_key() {
        let mut order = Order::default();
        let [mut first, second, mut third] = ["a", "a", "a"].map(|key| order.enter(key.to_owned()));
        assert!(has_come(&mut first));
        assert!(has_come(&mut order.enter("b".to_owned())));
        drop(second);
        drop(first);
        assert!(has_come(&mut third));
    }

    #[test]
    fn keys_without_waiting_messages_are_removed() {
        let mut order = Order::default();
        let first = order.enter("first".to_owned());
        for n in 0..2 * KEYS_MAX {
            drop(order.enter(n.to_string()));
        }
        assert!(order.0.len() <= KEYS_MAX);
        assert!(order.0.contains_key("first"));
        drop(first);
    }
}
