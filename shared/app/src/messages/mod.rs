//! Messages and conversations.
//!
//! | file | contents |
//! |---|---|
//! | `send_message` | sends a message: claim, search, append, announcement. Start here |
//! | `claim_message`, `find_message`, `append` | its three parts |
//! | `read_history` | a page of a conversation; `hidden` skips what the retention hides |
//! | `mark_read`, `read_markers` | moves a read mark, lists those of a conversation |
//! | `chat_list`, `inbox_page`, `unread` | the chat list and its unread counts |
//! | `membership` | since when, and until when, a user is in a conversation |
//! | `head_cache` | the newest positions that a process knows |

pub(crate) mod append;
pub mod chat_list;
pub(crate) mod claim_message;
pub(crate) mod find_message;
pub(crate) mod head_cache;
pub(crate) mod hidden;
pub(crate) mod inbox_page;
pub mod mark_read;
pub(crate) mod membership;
pub mod read_history;
pub mod read_markers;
pub mod send_message;
pub(crate) mod unread;
