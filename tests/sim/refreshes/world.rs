//! A device's login, the programs that share it, and a thief who has copied its tokens.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confab_app::Error;
use confab_app::accounts::authenticate::authenticate;
use confab_app::accounts::refresh_session::refresh_session;
use confab_app::ports::{Devices, RefreshClaims, Tokens};
use confab_app::presence::{Context, PresenceTask};
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{Timestamp, WatchId};
use confab_memory::{DelayQueue, Gateway, Memory, Phones, YieldingSleeper, yield_once};
use confab_protocol::http;

use super::server::{Bug, Server};
use crate::executor::{finish, mortal};
use crate::injector::Changeable;
use crate::random::Random;
use crate::world::{device_of, identity};

const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

const START: Timestamp = Timestamp::from_ms(1_790_000_000_000);

/// Attempts of a program without an answer before it gives up for the day.
const TRIES_MAX: u32 = 40;

/// The tokens that the programs of the device share.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    refresh_token: String,
    access_token: String,
    /// Stored before the request is sent, so that all programs, also after a crash, use the same name for the attempt.
    attempt: Option<String>,
}

impl Held {
    pub(crate) fn refresh_token(&self) -> &str {
        &self.refresh_token
    }
}

/// The state of one run, with the first broken guarantee.
pub(crate) struct World {
    pub(crate) random: Arc<Random>,
    pub(crate) memory: Memory,
    gateway: Gateway,
    queue: DelayQueue<PresenceTask>,
    injector: Arc<Changeable>,
    tokens: JwtTokens,
    now_ms: AtomicU64,
    bug: Option<Bug>,
    fails_once_in: u64,
    crashes_once_in: u64,
    loses_once_in: u64,
    pub(crate) programs: u64,
    pub(crate) held: Mutex<Held>,
    fault: Mutex<Option<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let random = Arc::new(Random::new(seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let tokens = JwtTokens::new("a secret of the simulation, long enough").unwrap();
        let identity = identity(0, 0);
        let refresh_token = tokens.issue_refresh(RefreshClaims { identity, generation: 0 }, START);
        let (access_token, _) = tokens.issue_access(identity, 0, START);
        let world = Self {
            memory: Memory::new(Arc::clone(&injector) as _),
            gateway: Gateway::new(Arc::clone(&injector) as _),
            queue: DelayQueue::new(Arc::clone(&injector) as _, || START),
            fails_once_in: *random.pick(&[0, 4, 10]),
            crashes_once_in: *random.pick(&[0, 0, 10]),
            loses_once_in: *random.pick(&[0, 2, 4]),
            programs: random.between(1, 2),
            random,
            injector,
            tokens,
            now_ms: AtomicU64::new(START.as_ms()),
            bug,
            held: Mutex::new(Held { refresh_token, access_token, attempt: None }),
            fault: Mutex::default(),
        };
        finish(world.memory.put_device(&device_of(identity, START))).unwrap();
        world
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(crate) fn tick(&self) {
        self.pass(Duration::from_millis(self.random.below(4)));
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Relaxed);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Relaxed))
    }

    pub(crate) fn set_faulty(&self, faulty: bool) {
        self.injector.set(if faulty { self.fails_once_in } else { 0 });
    }

    pub(crate) fn held(&self) -> Held {
        self.held.lock().unwrap().clone()
    }

    fn has_failed(&self, what: String) {
        self.fault.lock().unwrap().get_or_insert(what);
    }

    pub(crate) fn first_fault(&self) -> Option<String> {
        self.fault.lock().unwrap().clone()
    }

    /// Refreshes the tokens; `None` if there is no answer.
    async fn ask(&self, held: &Held) -> Option<Result<http::Session, Error>> {
        let server = Server { world: self };
        let (watch, now) = (WatchId(self.random.draw()), self.now());
        let (queue, sleeper) = (&self.queue, &YieldingSleeper);
        let context = Context { store: &server, queue, policy: POLICY, watch, sleeper, now };
        let ways = (&self.gateway, &Phones::default());
        let refresh =
            http::Refresh { refresh_token: held.refresh_token.clone(), attempt: held.attempt.clone() };
        let asking = refresh_session(&context, ways, &self.tokens, &refresh);
        let answer = mortal(asking, || self.random.once_in(self.crashes_once_in)).await?;
        yield_once().await;
        match answer {
            Ok(_) if self.random.once_in(self.loses_once_in) => None,
            Err(Error::Store(_) | Error::Contended) => None,
            answer => Some(answer),
        }
    }

    /// An hour later: a program refreshes the tokens, retrying after lost answers, and makes a call with the new ones.
    pub(crate) async fn refresh(&self) {
        let old = self.held().refresh_token;
        for _ in 0..TRIES_MAX {
            // Another program may have refreshed them meanwhile.
            let held = self.held();
            if held.refresh_token != old {
                return self.call(&held.access_token).await;
            }
            match self.ask(&held).await {
                Some(Ok(session)) => {
                    self.store(&held.refresh_token, session.clone());
                    return self.call(&session.access_token).await;
                }
                Some(Err(error)) => return self.has_failed(format!("the device is logged out: {error}")),
                // Two programs ask within a minute of each other; a single one may be offline for days.
                None => {
                    let alone = *self.random.pick(&[0, 5_000, 70_000, 86_400_000]);
                    self.pass(Duration::from_millis(if self.programs > 1 { 500 } else { alone }));
                    yield_once().await;
                }
            }
        }
    }

    fn store(&self, replaced: &str, session: http::Session) {
        let http::Session { refresh_token, access_token, .. } = session;
        let attempt = self.random.once_in(2).then(|| format!("attempt {}", self.random.draw()));
        let mut held = self.held.lock().unwrap();
        // Two programs that asked concurrently got the same generation, each signed at its own time.
        if held.refresh_token == replaced {
            *held = Held { refresh_token, access_token, attempt };
        }
    }

    async fn call(&self, access_token: &str) {
        let server = Server { world: self };
        for _ in 0..TRIES_MAX {
            match authenticate(&server, &self.tokens, Some(access_token), self.now()).await {
                Ok(_) => return,
                Err(Error::Store(_)) => yield_once().await,
                Err(error) => return self.has_failed(format!("a new access token is refused: {error}")),
            }
        }
    }

    /// Uses tokens that the device has replaced, and used, a minute ago or more.
    pub(crate) fn steal(&self, stolen: &Held) {
        self.pass(Duration::from_secs(self.random.between(60, 100_000)));
        let attempt = stolen.attempt.clone().filter(|_| self.random.once_in(2));
        let stolen = Held { attempt, ..stolen.clone() };
        for _ in 0..TRIES_MAX {
            if let Some(Ok(_)) = finish(self.ask(&stolen)) {
                return self.has_failed("a thief is logged in".to_owned());
            }
            let login = finish(self.memory.device(identity(0, 0).user, identity(0, 0).device));
            if login.unwrap().is_none() {
                return;
            }
        }
        self.has_failed("the login goes on after its old token was used".to_owned());
    }
}
