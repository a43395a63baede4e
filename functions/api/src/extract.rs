//! Extractors of the parts of a request, with typed refusals.

use std::ops::Deref;

use axum::body::{Body as HttpBody, HttpBody as _, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use confab_app::accounts::authenticate::authenticate;
use confab_app::ports::Identity;
use confab_app::wire;
use confab_domain::{InvalidId, Refusal, Timestamp};
use confab_lambda::apart::apart;
use confab_lambda::{bearer, clock, frame};
use confab_protocol::limits;
use serde::de::DeserializeOwned;

use crate::Shared;
use crate::answer::Failure;
use crate::source::source_of;

/// The login that a request is made with; its token is valid and it has not ended.
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    pub(crate) now: Timestamp,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Failure> {
        let now = clock::now();
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer::token);
        let identity = authenticate(&api.store, &api.tokens, token, now).await?;
        Ok(Self { identity, now })
    }
}

/// Source address that a request is counted by.
pub(crate) struct Source(pub(crate) String);

impl FromRequestParts<Shared> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Self::Rejection> {
        Ok(Self(source_of(&parts.extensions)))
    }
}

/// JSON body without a message; its size is checked before it is read.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Failure> {
        let bytes = read(request.into_body(), limits::HTTP_SHORT_BODY_BYTES_MAX).await?;
        Ok(Self(frame::parse(&bytes)?))
    }
}

/// JSON body with a message; its size is checked before it is read.
pub(crate) struct LongBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<Shared> for LongBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Failure> {
        let bytes = read(request.into_body(), limits::HTTP_BODY_BYTES_MAX).await?;
        Ok(Self(apart(bytes.len(), move || frame::parse(&bytes)).await?))
    }
}

/// JSON body that may be absent; an absent body is read as an empty object.
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Shared> for MaybeBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Failure> {
        let bytes = read(request.into_body(), limits::HTTP_SHORT_BODY_BYTES_MAX).await?;
        Ok(Self(if bytes.is_empty() { T::default() } else { frame::parse(&bytes)? }))
    }
}

async fn read(body: HttpBody, limit: usize) -> Result<axum::body::Bytes, Failure> {
    let size = body.size_hint();
    let size = usize::try_from(size.exact().unwrap_or(size.lower())).unwrap_or(usize::MAX);
    let too_long = |actual| Refusal::TooLong { field: "body", unit: "bytes", limit, actual };
    if size > limit {
        return Err(too_long(size).into());
    }
    to_bytes(body, limit).await.map_err(|_| too_long(limit + 1).into())
}

/// Id in the path.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: std::str::FromStr<Err = InvalidId>> FromRequestParts<Shared> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Failure> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, api).await.map_err(|_| unreadable_path())?;
        Ok(Self(wire::parse_id("path", &text)?))
    }
}

/// Two ids in the path.
pub(crate) struct Ids<T, U>(pub(crate) T, pub(crate) U);

impl<T, U> FromRequestParts<Shared> for Ids<T, U>
where
    T: std::str::FromStr<Err = InvalidId>,
    U: std::str::FromStr<Err = InvalidId>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Failure> {
        let Path((first, second)) =
            Path::<(String, String)>::from_request_parts(parts, api).await.map_err(|_| unreadable_path())?;
        Ok(Self(wire::parse_id("path", &first)?, wire::parse_id("path", &second)?))
    }
}

fn unreadable_path() -> Refusal {
    Refusal::Malformed("the path is not valid UTF-8".to_owned())
}

/// Query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Failure> {
        let Query(params) = Query::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            let problem = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, problem)| problem);
            Refusal::Malformed(problem.to_owned())
        })?;
        Ok(Self(params))
    }
}

impl<T> Deref for Params<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
