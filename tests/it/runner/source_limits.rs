//! How often one address may sign up and log in.

use serde_json::json;
use tests::runner::Runner;
use tests::{Answer, Chat, User};

/// Far more tries than the rate allows in the time that they take.
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
