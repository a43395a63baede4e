//! Signed tokens, as JSON Web Tokens.
//!
//! Knows: claims, audiences, lives, keys.
//! Must not know: who has logged in, or a clock: times are arguments.
//!
//! The algorithm is pinned to HS256: issuer and verifier are the same system.

mod hs256;

use std::fmt;

use confab_app::ports::{AccessClaims, Identity, RefreshClaims, TokenError, Tokens};
use confab_domain::Timestamp;
use confab_domain::invite::Invite;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ACCESS: &str = "confab-api";
const REFRESH: &str = "confab-refresh";
const TICKET: &str = "confab-websocket";
const INVITE: &str = "confab-invite";

/// Life of an access token. Unit: seconds. Each request also checks that the login has not ended.
const ACCESS_SECONDS: u64 = 3600;
/// Life of a refresh token, and so the longest absence of a device. Unit: seconds (60 days).
const REFRESH_SECONDS: u64 = 60 * 24 * 3600;
/// Life of a ticket: from one HTTP answer to the next WebSocket handshake. Unit: seconds.
const TICKET_SECONDS: u64 = 30;

/// Shortest secret. Unit: bytes; the length of an HMAC-SHA-256.
const SECRET_BYTES_MIN: usize = 32;

/// Makes and checks tokens with a list of secrets.
#[derive(Clone)]
pub struct JwtTokens {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for JwtTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtTokens([redacted])")
    }
}

/// Error for secrets that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret must have at least {SECRET_BYTES_MIN} bytes, one secret per line")]
pub struct WeakSecret;

impl JwtTokens {
    /// Takes a list of secrets, one per line. The first signs; tokens of the others are accepted as well.
    ///
    /// To change the secret, add the new one as the last line. When every running function has it, make it the first
    /// line. When the last refresh token of the old secret has expired, remove the old one.
    ///
    /// # Errors
    ///
    /// [`WeakSecret`] if there is no secret, or one is too short.
    pub fn new(secrets: &str) -> Result<Self, WeakSecret> {
        hs256::install();
        let keys: Vec<Key> = secrets
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(key)
            .collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(WeakSecret) } else { Ok(Self { keys }) }
    }

    fn issue(
        &self,
        audience: &'static str,
        life_seconds: u64,
        identity: Identity,
        generation: Option<u64>,
        now: Timestamp,
    ) -> String {
        self.sign(&Claims {
            aud: audience.to_owned(),
            exp: now.as_ms() / 1000 + life_seconds,
            sub: identity.user.to_string(),
            device: identity.device.to_string(),
            family: identity.family.to_string(),
            generation,
        })
    }

    fn verify(&self, token: &str, audience: &str, now: Timestamp) -> Result<(Identity, Claims), TokenError> {
        let claims: Claims = self.read(token, audience)?;
        check_life(claims.exp, now)?;
        let identity = Identity {
            user: claims.sub.parse().map_err(|_| TokenError::Invalid)?,
            device: claims.device.parse().map_err(|_| TokenError::Invalid)?,
            family: claims.family.parse().map_err(|_| TokenError::Invalid)?,
        };
        Ok((identity, claims))
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        let [key, ..] = &self.keys[..] else { return String::new() };
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        // Only an invalid key, or claims that are no JSON, could fail; the code makes neither.
        jsonwebtoken::encode(&header, claims, &key.encoding).unwrap_or_default()
    }

    fn read<C: DeserializeOwned>(&self, token: &str, audience: &str) -> Result<C, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        let key = self.keys.iter().find(|key| header.kid.as_deref() == Some(&key.id));
        let key = key.ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud", "exp"]);
        // The library would read the system's clock.
        validation.validate_exp = false;
        let read = jsonwebtoken::decode::<C>(token, &key.decoding, &validation);
        Ok(read.map_err(|_| TokenError::Invalid)?.claims)
    }
}

fn check_life(exp: u64, now: Timestamp) -> Result<(), TokenError> {
    if exp <= now.as_ms() / 1000 { Err(TokenError::Expired) } else { Ok(()) }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    exp: u64,
    sub: String,
    device: String,
    family: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    generation: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct InviteClaims {
    aud: String,
    exp: u64,
    sub: String,
    uses: u32,
}

/// Key of a secret. Its id is the secret's hash, so that a changed secret has another id.
fn key(secret: &str) -> Result<Key, WeakSecret> {
    if secret.len() < SECRET_BYTES_MIN {
        return Err(WeakSecret);
    }
    Ok(Key {
        id: Sha256::digest(secret)[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
        encoding: EncodingKey::from_secret(secret.as_bytes()).map_err(|_| WeakSecret)?,
        decoding: DecodingKey::from_secret(secret.as_bytes()).map_err(|_| WeakSecret)?,
    })
}

impl Tokens for JwtTokens {
    fn issue_access(&self, identity: Identity, generation: u64, now: Timestamp) -> (String, u64) {
        (self.issue(ACCESS, ACCESS_SECONDS, identity, Some(generation), now), ACCESS_SECONDS)
    }

    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let (identity, claims) = self.verify(token, ACCESS, now)?;
        Ok(AccessClaims { identity, generation: claims.generation })
    }

    fn issue_refresh(&self, claims: RefreshClaims, now: Timestamp) -> String {
        self.issue(REFRESH, REFRESH_SECONDS, claims.identity, Some(claims.generation), now)
    }

    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenError> {
        let (identity, claims) = self.verify(token, REFRESH, now)?;
        Ok(RefreshClaims { identity, generation: claims.generation.ok_or(TokenError::Invalid)? })
    }

    fn issue_ticket(&self, identity: Identity, now: Timestamp) -> (String, u64) {
        (self.issue(TICKET, TICKET_SECONDS, identity, None, now), TICKET_SECONDS)
    }

    fn verify_ticket(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        self.verify(token, TICKET, now).map(|(identity, _)| identity)
    }

    fn issue_invite(&self, invite: &Invite) -> String {
        let Invite { id, uses, expires_at } = invite;
        let (aud, exp) = (INVITE.to_owned(), expires_at.as_ms() / 1000);
        self.sign(&InviteClaims { aud, exp, sub: id.to_string(), uses: *uses })
    }

    fn verify_invite(&self, code: &str, now: Timestamp) -> Result<Invite, TokenError> {
        let InviteClaims { exp, sub, uses, .. } = self.read(code, INVITE)?;
        check_life(exp, now)?;
        let id = sub.parse().map_err(|_| TokenError::Invalid)?;
        Ok(Invite { id, uses, expires_at: Timestamp::from_ms(exp.saturating_mul(1000)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_domain::{DeviceId, FamilyId, InviteId, UserId};
    use ulid::Ulid;

    const OLD: &str = "an old secret of more than 32 bytes length";
    const NEW: &str = "a new secret of more than 32 bytes length";
    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn identity() -> Identity {
        Identity {
            user: UserId::new(Ulid(1)),
            device: DeviceId::new(Ulid(2)),
            family: FamilyId::new(Ulid(3)),
        }
    }

    fn access() -> AccessClaims {
        AccessClaims { identity: identity(), generation: Some(7) }
    }

    fn later(seconds: u64) -> Timestamp {
        Timestamp::from_ms(NOW.as_ms() + seconds * 1000)
    }

    #[test]
    fn a_token_gives_its_identity_until_it_expires() {
        let tokens = JwtTokens::new(NEW).unwrap();
        let (ticket, life) = tokens.issue_ticket(identity(), NOW);
        assert_eq!(tokens.verify_ticket(&ticket, later(life - 1)), Ok(identity()));
        assert_eq!(tokens.verify_ticket(&ticket, later(life)), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_for_one_purpose_is_none_for_another() {
        let tokens = JwtTokens::new(NEW).unwrap();
        let claims = RefreshClaims { identity: identity(), generation: 7 };
        let (access, _) = tokens.issue_access(identity(), 7, NOW);
        let (ticket, _) = tokens.issue_ticket(identity(), NOW);
        let refresh = tokens.issue_refresh(claims, NOW);
        assert_eq!(tokens.verify_refresh(&refresh, NOW), Ok(claims));
        for token in [&access, &refresh] {
            assert_eq!(tokens.verify_ticket(token, NOW), Err(TokenError::Invalid));
        }
        for token in [&ticket, &refresh] {
            assert_eq!(tokens.verify_access(token, NOW), Err(TokenError::Invalid));
        }
        for token in [&ticket, &access] {
            assert_eq!(tokens.verify_refresh(token, NOW), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn an_invite_gives_its_content_and_is_no_other_token() {
        let tokens = JwtTokens::new(NEW).unwrap();
        let invite = Invite { id: InviteId::new(Ulid(9)), uses: 5, expires_at: later(100) };
        let code = tokens.issue_invite(&invite);
        assert_eq!(tokens.verify_invite(&code, later(99)), Ok(invite));
        assert_eq!(tokens.verify_invite(&code, later(100)), Err(TokenError::Expired));
        assert_eq!(JwtTokens::new(OLD).unwrap().verify_invite(&code, NOW), Err(TokenError::Invalid));
        assert_eq!(tokens.verify_access(&code, NOW), Err(TokenError::Invalid));
        let (access, _) = tokens.issue_access(identity(), 7, NOW);
        assert_eq!(tokens.verify_invite(&access, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn a_forged_token_is_refused() {
        let tokens = JwtTokens::new(NEW).unwrap();
        let (token, _) = tokens.issue_access(identity(), 7, NOW);
        let (header, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let (other, _) = JwtTokens::new(OLD).unwrap().issue_access(identity(), 7, NOW);
        // {"typ":"JWT","alg":"none"}
        let unsigned = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{claims}.");
        let tampered = format!("{header}.{}A.{signature}", &claims[..claims.len() - 1]);
        for forged in [other.as_str(), &unsigned, &tampered, &format!("{header}.{claims}."), "", "a.b.c"] {
            assert_eq!(tokens.verify_access(forged, NOW), Err(TokenError::Invalid), "{forged}");
        }
    }

    #[test]
    fn tokens_of_an_old_secret_stay_valid_while_it_is_listed() {
        let (old, _) = JwtTokens::new(OLD).unwrap().issue_access(identity(), 7, NOW);
        let both = JwtTokens::new(&format!("{NEW}\n{OLD}\n")).unwrap();
        assert_eq!(both.verify_access(&old, NOW), Ok(access()));
        let (new, _) = both.issue_access(identity(), 7, NOW);
        assert_eq!(JwtTokens::new(NEW).unwrap().verify_access(&new, NOW), Ok(access()));
    }

    #[test]
    fn an_access_token_that_names_no_generation_is_accepted() {
        let tokens = JwtTokens::new(NEW).unwrap();
        let token = tokens.issue(ACCESS, ACCESS_SECONDS, identity(), None, NOW);
        assert_eq!(tokens.verify_access(&token, NOW), Ok(identity().into()));
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert_eq!(JwtTokens::new("").unwrap_err(), WeakSecret);
        assert_eq!(JwtTokens::new("short").unwrap_err(), WeakSecret);
        assert_eq!(JwtTokens::new(&format!("{NEW}\nshort")).unwrap_err(), WeakSecret);
    }
}
