//! Connections, heartbeats and malformed input.

mod closing;
mod handshake;
mod heartbeat;
mod http_requests;
mod idle;
mod malformed_frames;
mod meta;
