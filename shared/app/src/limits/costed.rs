//! Cost of answers that are small for what was read.

/// An answer with the cost of what was read for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costed<T> {
    /// The answer.
    pub answer: T,
    /// Cost of the rows that were read. Unit: table rows, each of which counts as a kilobyte. A log entry that is
    /// read without its text counts as a quarter of a row.
    pub rows: u32,
}

impl<T> Costed<T> {
    /// An answer for which `rows` rows were read.
    pub(crate) fn new(rows: usize, answer: T) -> Self {
        Self { answer, rows: u32::try_from(rows).unwrap_or(u32::MAX) }
    }

    /// An answer whose own size covers all that was read for it.
    pub const fn free(answer: T) -> Self {
        Self { answer, rows: 0 }
    }
}
