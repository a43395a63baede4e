//! How fresh a read has to be.

/// How fresh a read of a store has to be, and so what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// The read sees every write that was answered before it began.
    Strong,
    /// The read may miss the writes of the last moment, for half the price.
    Eventual,
}
