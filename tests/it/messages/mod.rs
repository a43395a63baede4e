//! Messages, conversations and catching up.

mod chat_list;
mod content;
mod first_contact;
mod frame_sizes;
mod history;
mod idempotency;
mod later;
mod mute;
mod order;
mod outsiders;
mod own_marks;
mod positions;
mod read;
mod recipients;
mod reconnecting;
mod send;
mod send_many;
mod sync;
mod text_size;
mod truncation;
