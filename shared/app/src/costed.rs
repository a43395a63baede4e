//! What an answer costs that says little.

/// An answer, and what was looked at for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costed<T> {
    /// It.
    pub answer: T,
    /// Unit: rows of tables, of which each counts as a kilobyte, and entries of logs of which no text was read, each as a
    /// quarter of one.
    pub rows: u32,
}

impl<T> Costed<T> {
    /// For an answer for which so many rows were read.
    pub(crate) fn new(rows: usize, answer: T) -> Self {
        Self { answer, rows: u32::try_from(rows).unwrap_or(u32::MAX) }
    }

    /// For an answer that says all that was looked at.
    pub const fn free(answer: T) -> Self {
        Self { answer, rows: 0 }
    }
}
