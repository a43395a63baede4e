//! Somebody alone.
