//! A password change that overlaps with a login with the old password, or with another change. No such login survives,
//! and the device whose change succeeded stays logged in.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use confab_app::Error;
use confab_app::accounts::change_password::change_password;
use confab_app::accounts::credentials::AuthRates;
use confab_app::accounts::log_in::log_in;
use confab_app::accounts::sign_up::FreshIds;
use confab_app::ports::{
    Account, CreateUserOutcome, Devices, Identity, PASSWORD_CHANGE_CLAIMED, PasswordChange, PasswordHash,
    PasswordMatch, PasswordReplacement, Passwords, ProfileChange, Sessions, StoreError, Tokens, Users,
};
use confab_app::presence::{Context, PresenceTask};
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::account::{Handle, Password, Profile, TypedPassword};
use confab_domain::device::Device;
use confab_domain::invite::Invite;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::rate::Rate;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId, WatchId};
use confab_memory::{DelayQueue, Gateway, Memory, NoFaults, Phones, YieldingSleeper};
use confab_protocol::http;
use ulid::Ulid;

use crate::executor::finish;
use crate::logouts::interleave;
use crate::passed_on::{pass_on_rate_limits, pass_on_sessions};
use crate::passed_on_devices::pass_on_devices;
use crate::world::{account_of, device_of, identity, user};

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };
const RATE: Rate = Rate { burst: 10, interval: Duration::from_secs(60) };
const RATES: AuthRates = AuthRates { per_source: RATE, per_handle: RATE, concurrent_per_handle: RATE };
const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

/// More polls than either call takes.
const POLLS_MAX: usize = 120;

/// A hasher whose hashes are the passwords themselves.
struct Plain;

impl Passwords for Plain {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, StoreError> {
        ready(()).await;
        Ok(PasswordHash(password.reveal().to_owned()))
    }

    async fn verify(
        &self,
        typed: &TypedPassword,
        hash: Option<&PasswordHash>,
    ) -> Result<PasswordMatch, StoreError> {
        ready(()).await;
        let is_same = typed.password.as_ref().zip(hash).is_some_and(|(typed, hash)| typed.reveal() == hash.0);
        Ok(if is_same { PasswordMatch::Same } else { PasswordMatch::None })
    }
}

/// A bug that must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    /// A login does not see that the password was changed meanwhile.
    ChangeUnseen,
    /// After a change, logins that were made since it began are not looked up.
    NobodyElseAfterwards,
    /// A change is claimed although another device has claimed it.
    ClaimedByTwo,
}

struct World {
    memory: Memory,
    bug: Option<Bug>,
    lists: AtomicU64,
    claims: AtomicU32,
    gateway: Gateway,
    phones: Phones,
    queue: DelayQueue<PresenceTask>,
    tokens: JwtTokens,
}

impl World {
    /// A world of one user with two devices.
    fn new(bug: Option<Bug>) -> Self {
        let store = Memory::default();
        let [phone, laptop] = [identity(0, 0), identity(0, 1)].map(|identity| device_of(identity, NOW));
        finish(store.create_user(&account_of(user(0), NOW), &phone, None)).unwrap();
        finish(store.put_device(&laptop)).unwrap();
        let seen = PasswordReplacement::Renewed(PasswordHash(String::new()));
        assert!(finish(store.replace_password(user(0), &seen, &PasswordHash(OLD.to_owned()))).unwrap());
        Self {
            memory: store,
            bug,
            lists: AtomicU64::new(0),
            claims: AtomicU32::new(0),
            gateway: Gateway::new(Arc::new(NoFaults)),
            phones: Phones::default(),
            queue: DelayQueue::default(),
            tokens: JwtTokens::new("a secret of the simulation, long enough").unwrap(),
        }
    }

    fn context<'a>(&'a self, store: &'a Server<'a>) -> Context<'a, Server<'a>, DelayQueue<PresenceTask>> {
        let (queue, sleeper) = (&self.queue, &YieldingSleeper);
        Context { store, queue, policy: POLICY, watch: WatchId(1), sleeper, now: NOW }
    }

    async fn change(&self) -> Result<http::Session, Error> {
        self.change_to(NEW, identity(0, 0)).await
    }

    async fn change_to(&self, new: &str, caller: Identity) -> Result<http::Session, Error> {
        let server = Server { world: self, is_login: false };
        let context = self.context(&server);
        let (ways, keys) = ((&self.gateway, &self.phones), (&Plain, &self.tokens));
        let change = http::PasswordChange { old_password: OLD.to_owned(), new_password: new.to_owned() };
        change_password(&context, ways, keys, (RATES, "here"), caller, &change).await
    }

    async fn log_in(&self, password: &str) -> Result<http::Session, Error> {
        let server = Server { world: self, is_login: true };
        let context = self.context(&server);
        let (ways, keys) = ((&self.gateway, &self.phones), (&Plain, &self.tokens));
        let handle = account_of(user(0), NOW).profile.handle.to_string();
        let login = http::Login { handle, password: password.to_owned(), device: None };
        let ids =
            FreshIds { user: user(9), device: DeviceId::new(Ulid(77)), family: FamilyId::new(Ulid(77)) };
        log_in(&context, ways, keys, (RATES, "there"), login, ids).await
    }

    fn devices(&self) -> Vec<DeviceId> {
        finish(self.memory.devices(user(0))).unwrap().into_iter().map(|device| device.device).collect()
    }
}

/// The store as one invocation reaches it.
struct Server<'a> {
    world: &'a World,
    is_login: bool,
}

impl Sessions for Server<'_> {
    pass_on_sessions!(open_connection reopen_connection renew charge change_connections replace_presence);
    pass_on_sessions!(sessions session);
}

impl Devices for Server<'_> {
    pass_on_devices!(put_device device rotate mark_generation_used);
    pass_on_devices!(register_push replace_endpoint drop_push remove_device);

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        let is_second = !self.is_login && self.world.lists.fetch_add(1, Relaxed) > 0;
        if is_second && self.world.bug == Some(Bug::NobodyElseAfterwards) {
            return Ok(Vec::new());
        }
        self.world.memory.devices(user).await
    }
}

impl Users for Server<'_> {
    async fn create_user(
        &self,
        account: &Account,
        device: &Device,
        invite: Option<&Invite>,
    ) -> Result<CreateUserOutcome, StoreError> {
        self.world.memory.create_user(account, device, invite).await
    }

    async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        self.world.memory.user_by_handle(handle).await
    }

    async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let mut account = self.world.memory.user(user).await?;
        let is_unseen = self.is_login && self.world.bug == Some(Bug::ChangeUnseen);
        if let Some(account) = account.as_mut().filter(|_| is_unseen) {
            account.password_changes = 0;
        }
        Ok(account)
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
        self.world.memory.profiles(users).await
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<Account>, StoreError> {
        self.world.memory.change_profile(user, change).await
    }

    async fn claim_password_change(
        &self,
        user: UserId,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let claims =
            u32::from(self.world.bug == Some(Bug::ClaimedByTwo)) * self.world.claims.fetch_add(1, Relaxed);
        // Every earlier claim has expired at this time.
        let now = now.plus((PASSWORD_CHANGE_CLAIMED + Duration::from_millis(1)) * claims);
        self.world.memory.claim_password_change(user, change, now).await
    }

    async fn replace_password(
        &self,
        user: UserId,
        replacement: &PasswordReplacement,
        hash: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.world.memory.replace_password(user, replacement, hash).await
    }
}

pass_on_rate_limits!(Server<'_>);

/// Runs a change and a login with the old password, one of which begins after so many polls of the other.
///
/// # Errors
///
/// Returns the broken guarantee.
fn meet(polls: usize, change_first: bool, bug: Option<Bug>) -> Result<(), String> {
    let world = World::new(bug);
    let (changed, logged_in) = if change_first {
        interleave(world.change(), polls, world.log_in(OLD))
    } else {
        let (logged_in, changed) = interleave(world.log_in(OLD), polls, world.change());
        (changed, logged_in)
    };
    let session = changed.map_err(|error| error.to_string())?;
    if !matches!(logged_in, Ok(_) | Err(Error::Refused(_))) {
        return Err("the login failed".to_owned());
    }
    let claims = world.tokens.verify_refresh(&session.refresh_token, NOW).unwrap();
    if (claims.identity, claims.generation) != (identity(0, 0), 1)
        || world.devices() != [claims.identity.device]
    {
        return Err(format!("{:?} are logged in after {claims:?}", world.devices()));
    }
    if finish(world.log_in(OLD)).is_ok() || finish(world.log_in(NEW)).is_err() {
        return Err("the old password still counts".to_owned());
    }
    Ok(())
}

fn first_fault(bug: Option<Bug>) -> Option<String> {
    (0..POLLS_MAX).find_map(|polls| {
        let met = [false, true].map(|change_first| {
            let met = meet(polls, change_first, bug);
            met.map_err(|fault| format!("{polls} polls, the change first: {change_first}: {fault}"))
        });
        met.into_iter().find_map(Result::err)
    })
}

#[test]
fn no_login_with_the_old_password_outlives_a_concurrent_change() {
    assert_eq!(first_fault(None), None);
}

#[test]
fn a_login_that_does_not_see_the_change_is_found() {
    assert!(first_fault(Some(Bug::ChangeUnseen)).is_some());
}

#[test]
fn a_change_that_does_not_list_devices_again_is_found() {
    assert!(first_fault(Some(Bug::NobodyElseAfterwards)).is_some());
}

#[test]
fn a_change_that_dies_anywhere_is_repeated_or_was_made() {
    for polls in 0..POLLS_MAX {
        let world = World::new(None);
        // The first change is dropped after so many polls. A client without an answer repeats it, or logs in with the
        // password that works.
        let died = interleave_and_drop(world.change(), polls);
        let again = finish(world.change());
        let is_new = finish(world.log_in(NEW)).is_ok();
        assert!(is_new, "{polls} polls: the password is not the new one");
        assert!(died.is_some() || again.is_ok() || finish(world.log_in(OLD)).is_err(), "{polls} polls");
        let Identity { device: laptop, .. } = identity(0, 1);
        assert!(!world.devices().contains(&laptop), "{polls} polls: the other device is logged in");
    }
}

/// Has both devices of a user change the password, the second after so many polls of the first.
///
/// # Errors
///
/// Returns the broken guarantee.
fn both_change(polls: usize, bug: Option<Bug>) -> Result<(), String> {
    const OTHER: &str = "a third one that is new";
    let world = World::new(bug);
    let callers = [identity(0, 0), identity(0, 1)];
    let (one, other) =
        interleave(world.change_to(NEW, callers[0]), polls, world.change_to(OTHER, callers[1]));
    let mut made = Vec::new();
    for (result, caller, password) in [(one, callers[0], NEW), (other, callers[1], OTHER)] {
        match result {
            Ok(session) => made.push((session, caller, password)),
            Err(Error::Refused(_) | Error::Contended) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let [(session, caller, password)] = &made[..] else { return Err(format!("{} were made", made.len())) };
    let claims = world.tokens.verify_refresh(&session.refresh_token, NOW).unwrap();
    if claims.identity != *caller || world.devices() != [caller.device] {
        return Err(format!("{:?} are logged in after {claims:?}", world.devices()));
    }
    finish(world.log_in(password)).map(drop).map_err(|error| format!("the new password: {error}"))
}

#[test]
fn one_of_two_concurrent_changes_succeeds_and_its_device_stays_logged_in() {
    for polls in 0..POLLS_MAX {
        both_change(polls, None).unwrap_or_else(|fault| panic!("{polls} polls: {fault}"));
    }
}

#[test]
fn a_change_that_two_devices_claim_is_found() {
    assert!((0..POLLS_MAX).any(|polls| both_change(polls, Some(Bug::ClaimedByTwo)).is_err()));
}

/// Polls a future that many times and drops it. Returns its output if it ended before.
fn interleave_and_drop<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..polls {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}
