//! Ports of credentials: password hashes and signed tokens.
//!
//! | module | contents |
//! |---|---|
//! | [`passwords_argon2`] | password hashing with Argon2id |
//! | [`tokens_jwt`] | signed tokens, as JSON Web Tokens |
//!
//! The modules must not know each other.

pub mod passwords_argon2;
pub mod tokens_jwt;
