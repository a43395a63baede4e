//! The chat under test.

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{Answer, Http, User, fresh_handle, server};

/// A running Confab, as an anonymous client sees it.
#[derive(Clone, Debug)]
pub struct Chat {
    /// Without a token.
    pub http: Http,
}

/// The password of every user without another one.
pub(crate) const PASSWORD: &str = "correct horse";

/// Signups of a crowd that run side by side; hashing passwords takes CPU time.
const SIGNUPS_IN_FLIGHT_MAX: usize = 8;

impl Chat {
    /// The server that `CONFAB_TEST_URL` names, or the one in this process.
    pub fn new() -> Self {
        Self::at(&server::base_url())
    }

    /// The server at this address, such as `http://127.0.0.1:8080`.
    pub fn at(base: &str) -> Self {
        Self { http: Http::new(base) }
    }

    /// A new user, on their first device.
    pub async fn user(&self) -> User {
        let handle = fresh_handle();
        let answer = self.signup(&json!({"handle": handle, "password": PASSWORD})).await;
        self.user_of(&handle, PASSWORD, &answer.with_status(201))
    }

    /// Several new users without any relation.
    pub async fn users<const N: usize>(&self) -> [User; N] {
        let users = join_all((0..N).map(|_| self.user())).await;
        users.try_into().expect("as many as were asked for")
    }

    /// Several new users, each a friend of each.
    pub async fn friends<const N: usize>(&self) -> [User; N] {
        let users = self.users().await;
        for (place, user) in users.iter().enumerate() {
            for other in &users[place + 1..] {
                user.befriend(other).await;
            }
        }
        users
    }

    /// Many new users without any relation.
    pub async fn crowd(&self, count: usize) -> Vec<User> {
        let users = stream::iter(0..count).map(|_| self.user());
        users.buffered(SIGNUPS_IN_FLIGHT_MAX).collect().await
    }

    /// A signup, repeated while there are too many of them.
    ///
    /// A signup whose answer was lost may be repeated and meet its own account. Then a login is made, as a client would
    /// do.
    pub async fn signup(&self, body: &Value) -> Answer {
        loop {
            let answer = self.http.post("/v1/signup", body).await;
            if answer.status == 409 && answer.is_repeated {
                let mut login = self.http.post("/v1/login", body).await;
                login.status = if login.status == 200 { 201 } else { 409 };
                return login;
            }
            if answer.status != 429 {
                return answer;
            }
            let wait = answer.refused(429, "rate_limited")["retry_after_ms"].as_u64().unwrap_or(100);
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        }
    }

    /// A login, with any outcome.
    pub async fn login(&self, handle: &str, password: &str) -> Answer {
        self.http.post("/v1/login", &json!({"handle": handle, "password": password})).await
    }

    /// The user of a login.
    #[track_caller]
    pub fn user_of(&self, handle: &str, password: &str, session: &Value) -> User {
        let text = |name: &str| match session[name].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("a session without {name}: {session}"),
        };
        assert!(session["expires_in_seconds"].as_u64() > Some(0), "{session}");
        User {
            http: self.http.with_token(&text("access_token")),
            id: text("user"),
            handle: handle.to_owned(),
            password: password.to_owned(),
            device: text("device"),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}

impl Default for Chat {
    fn default() -> Self {
        Self::new()
    }
}
