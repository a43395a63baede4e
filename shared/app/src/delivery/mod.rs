//! Events to connections.
//!
//! | file | contents |
//! |---|---|
//! | `announce` | posts an event to connections and reports which ones took it |
//! | `deliver` | announces a message, and queues alerts for the recipients without a connection |
//! | `fan_out` | announces the entries of groups from the queue. Start here |
//! | `unreached` | repeats an event to connections that did not take it, then closes them |
//! | `typing` | sends typing events |

pub mod announce;
pub mod deliver;
pub mod fan_out;
pub mod typing;
pub mod unreached;
