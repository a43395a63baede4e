//! Creating an account with its first login.

use confab_domain::account::{GroupAdds, Handle, Password, Profile, check_label};
use confab_domain::device::Device;
use confab_domain::invite::{Invite, SignupMode};
use confab_domain::rate::Rate;
use confab_domain::{DeviceId, FamilyId, Refusal, Timestamp, UserId};
use confab_protocol::http;
use confab_protocol::limits;

use crate::Error;
use crate::accounts::refresh_session::session_of;
use crate::ports::{Account, CreateUserOutcome, Passwords, RateLimits, Tokens, Users};

/// Ids for the items that a request creates, drawn at random by the caller.
#[derive(Clone, Copy, Debug)]
pub struct FreshIds {
    /// For a new account.
    pub user: UserId,
    /// For a device that brings no id.
    pub device: DeviceId,
    /// For the login.
    pub family: FamilyId,
}

/// Who may create an account, and how often.
#[derive(Clone, Copy, Debug)]
pub struct SignupPolicy {
    /// Who may sign up.
    pub mode: SignupMode,
    /// Rate of signups per source address.
    pub per_source: Rate,
}

/// Creates an account with its first device.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field, a missing or unusable invite where one is needed, a handle in use, or too
/// many signups from one address; [`Error::Store`]: the account may have been created, and a repetition may find its
/// handle in use.
pub async fn sign_up(
    store: &(impl Users + RateLimits),
    (passwords, tokens): (&impl Passwords, &impl Tokens),
    (policy, source): (SignupPolicy, &str),
    signup: http::Signup,
    ids: FreshIds,
    now: Timestamp,
) -> Result<http::Session, Error> {
    let handle = Handle::parse(&signup.handle)?;
    let password = Password::parse("password", &signup.password)?;
    let display_name = match &signup.display_name {
        Some(name) => check_label("display_name", name, *limits::DISPLAY_NAME_CHARS.end())?,
        None => handle.to_string(),
    };
    let device = new_device(ids.user, signup.device.unwrap_or_default(), ids, now)?;
    store.take(&format!("signup#{source}"), policy.per_source, now).await??;
    let invite = admitting(tokens, policy.mode, signup.invite.as_deref(), now)?;
    // Hashing costs far more than a read; the transaction below decides.
    if store.user_by_handle(&handle).await?.is_some() {
        return Err(Refusal::HandleTaken.into());
    }
    let account = Account {
        profile: Profile { user: ids.user, handle, display_name, avatar: None },
        password_hash: passwords.hash(&password).await?,
        password_changes: 0,
        created_at: now,
        group_adds: GroupAdds::default(),
    };
    match store.create_user(&account, &device, invite.as_ref()).await? {
        CreateUserOutcome::Created => Ok(session_of(tokens, &device, now)),
        CreateUserOutcome::InviteUsedUp => Err(NO_GOOD_INVITE.into()),
        CreateUserOutcome::HandleTaken => Err(Refusal::HandleTaken.into()),
    }
}

const NO_GOOD_INVITE: Refusal = Refusal::NotAllowed("this invite is wrong, has expired or is used up");

/// The invite that a signup uses; `None` where none is needed.
fn admitting(
    tokens: &impl Tokens,
    mode: SignupMode,
    code: Option<&str>,
    now: Timestamp,
) -> Result<Option<Invite>, Refusal> {
    match (mode, code.map(str::trim).filter(|code| !code.is_empty())) {
        (SignupMode::Open, _) => Ok(None),
        (SignupMode::Closed, _) => Err(Refusal::NotAllowed("nobody can sign up here")),
        (SignupMode::Invite, None) => Err(Refusal::NotAllowed("signing up needs an invite")),
        (SignupMode::Invite, Some(code)) => {
            tokens.verify_invite(code, now).map(Some).map_err(|_| NO_GOOD_INVITE)
        }
    }
}

/// Creates the device of a new login.
pub(crate) fn new_device(
    user: UserId,
    label: http::DeviceLabel,
    ids: FreshIds,
    now: Timestamp,
) -> Result<Device, Refusal> {
    let check = |field, text: Option<String>| {
        text.map(|text| check_label(field, &text, limits::DEVICE_LABEL_CHARS_MAX)).transpose()
    };
    Ok(Device {
        user,
        device: match &label.id {
            Some(id) => crate::wire::parse_id("device.id", id)?,
            None => ids.device,
        },
        family: ids.family,
        generation: 0,
        rotation: None,
        name: check("device.name", label.name)?,
        push: None,
        platform: check("device.platform", label.platform)?,
        created_at: now,
        last_active_at: now,
    })
}
