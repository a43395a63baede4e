//! Hashes of an earlier version, made of passwords as they were typed.

use confab_app::ports::{PasswordReplacement, Passwords, Users};
use confab_credentials::passwords_argon2::Argon2Passwords;
use confab_domain::account::TypedPassword;
use serde_json::json;

use crate::bench::{Bench, User};

const COMPOSED: &str = "caf\u{e9} cr\u{e8}me";
const IN_PARTS: &str = "cafe\u{301} cre\u{300}me";

async fn logs_in(bench: &Bench, handle: &str, password: &str) -> u16 {
    bench.call("POST", "/v1/login", "", json!({"handle": handle, "password": password})).await.0
}

/// Gives an account the hash that an earlier version made of a text.
async fn has_old_hash(bench: &Bench, user: &User, text: &str) -> String {
    let typed = TypedPassword::parse(text).expect("a password");
    let as_typed = typed.as_typed.or(typed.password).expect("a password");
    let hash = Argon2Passwords::new(1).hash(&as_typed).await.expect("a hash");
    let account = bench.store.user(user.id).await.expect("a store").expect("an account");
    let seen = PasswordReplacement::Renewed(account.password_hash);
    assert!(bench.store.replace_password(user.id, &seen, &hash).await.expect("a store"));
    account.profile.handle.to_string()
}

#[tokio::test]
async fn a_password_that_was_hashed_as_typed_logs_in_and_is_renewed() {
    let bench = Bench::new().await;
    let user = User::new(&bench, 1).await;
    let handle = has_old_hash(&bench, &user, IN_PARTS).await;
    assert_eq!(logs_in(&bench, &handle, COMPOSED).await, 401);
    assert_eq!(logs_in(&bench, &handle, IN_PARTS).await, 200);
    assert_eq!(logs_in(&bench, &handle, COMPOSED).await, 200);
    assert_eq!(logs_in(&bench, &handle, IN_PARTS).await, 200);
    assert_eq!(logs_in(&bench, &handle, "cafe creme").await, 401);
}

/// Such a password cannot be set any more, but a user who has one can still log in.
#[tokio::test]
async fn a_password_that_could_not_be_set_any_more_goes_on() {
    let bench = Bench::new().await;
    let user = User::new(&bench, 1).await;
    let handle = has_old_hash(&bench, &user, "tab\tand nul\0").await;
    for _ in 0..2 {
        assert_eq!(logs_in(&bench, &handle, "tab\tand nul\0").await, 200);
    }
    assert_eq!(logs_in(&bench, &handle, "tab and nul").await, 401);
}
