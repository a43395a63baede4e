//! Limits on signups and logins of one address, and their effect on others.

use serde_json::json;
use tests::runner::Runner;
use tests::{Answer, Chat, User};

/// Far more attempts than the rate allows in the time that they take.
const TRIES_MAX: usize = 5_000;

async fn sign_up_as(chat: &Chat, user: &User) -> Answer {
    chat.http.post("/v1/signup", &json!({"handle": user.handle, "password": user.password})).await
}

#[tokio::test]
async fn signups_of_one_address_come_in_bursts_of_200() {
    let confab = Runner::start(&["--memory"]).await;
    let (chat, alice) = (confab.chat(), confab.chat().user().await);
    let mut passed = 0;
    loop {
        let answer = sign_up_as(&chat, &alice).await;
        if answer.status == 429 {
            answer.refused(429, "rate_limited");
            break;
        }
        answer.refused(409, "conflict");
        passed += 1;
        assert!(passed < TRIES_MAX, "no limit");
    }
    assert!(passed >= 200, "{passed}");
    alice.assert_logged_in().await;
    chat.login(&alice.handle, &alice.password).await.ok();
    sign_up_as(&confab.chat(), &alice).await.refused(409, "conflict");
}

/// Each [`Runner::chat`] calls from an address of its own.
#[tokio::test]
async fn failed_logins_from_elsewhere_do_not_lock_a_user_out() {
    const STRANGERS_MAX: usize = 30;
    let confab = Runner::start(&["--memory"]).await;
    let (home, alice) = (confab.chat(), confab.chat().user().await);
    // After a hundred attempts from anywhere, each address has one attempt instead of ten.
    let mut fewest = usize::MAX;
    for _ in 0..STRANGERS_MAX {
        let (stranger, mut failed) = (confab.chat(), 0);
        loop {
            let answer = stranger.login(&alice.handle, "wrong horse").await;
            if answer.status == 429 {
                answer.refused(429, "rate_limited");
                break;
            }
            answer.refused(401, "unauthenticated");
            failed += 1;
        }
        assert!((1..=10).contains(&failed), "{failed}");
        home.login(&alice.handle, &alice.password).await.ok();
        fewest = fewest.min(failed);
        if fewest == 1 {
            break;
        }
    }
    assert_eq!(fewest, 1, "no address is limited");
}
