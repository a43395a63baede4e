//! Messages of one connection that are handled one after another.

use std::collections::HashMap;

use tokio::sync::oneshot::{self, error::TryRecvError};

/// Keys that are remembered before those are looked for that nobody waits for.
const KEYS_MAX: usize = 128;

/// The last message under each key.
#[derive(Default)]
pub(super) struct Order(HashMap<String, oneshot::Receiver<()>>);

/// The turn of a message among those with its key; the next one comes when it is dropped.
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    /// Dropped, it lets the next one come.
    _gone: oneshot::Sender<()>,
}

impl Order {
    /// Takes the next turn under a key.
    pub(super) fn enter(&mut self, key: String) -> Turn {
        if self.0.len() >= KEYS_MAX {
            self.0.retain(|_, last| matches!(last.try_recv(), Err(TryRecvError::Empty)));
        }
        let (gone, last) = oneshot::channel();
        Turn { before: self.0.insert(key, last), _gone: gone }
    }
}

impl Turn {
    /// Waits until the message before it was handled.
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
    fn each_comes_when_the_one_before_it_with_the_same_key_is_gone() {
        let mut order = Order::default();
        let [mut first, second, mut third] = ["a", "a", "a"].map(|key| order.enter(key.to_owned()));
        assert!(has_come(&mut first));
        assert!(has_come(&mut order.enter("b".to_owned())));
        drop(second);
        drop(first);
        assert!(has_come(&mut third));
    }

    #[test]
    fn keys_that_nobody_waits_for_are_forgotten() {
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
