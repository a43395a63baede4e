//! `@connections` without a gateway.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use confab_embedded_aws::{Service, ServiceFuture, ServiceRequest, ServiceResponse};
use http::{HeaderValue, Method};
use serde_json::Value;

/// Prefix of the id of a stale connection.
pub(crate) const GONE: &str = "gone";

/// Prefix of the id of a connection that takes no post for now.
pub(crate) const SLOW: &str = "slow";

/// Prefix of the id of a connection for which API Gateway's front end answers with an error.
pub(crate) const FRONT_END: &str = "front";

/// Prefix of the id of a connection for which posts and queries fail because the account is throttled.
pub(crate) const THROTTLED: &str = "throttled";

/// Prefix of the id of a connection for which API Gateway's front end answers that the account is throttled.
pub(crate) const TOO_MANY: &str = "many";

/// A gateway that has every connection and takes every post, except for the prefixes above. It records all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posts(Arc<Mutex<Vec<(Method, String, Bytes)>>>);

impl Service for Posts {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let path = request.uri().path();
        let id = path.rsplit('/').next().unwrap_or_default().replace("%3D", "=");
        let answers = [
            (GONE, 410, "GoneException"),
            (FRONT_END, 502, "InternalServerErrorException"),
            (THROTTLED, 429, "LimitExceededException"),
            (TOO_MANY, 429, "TooManyRequestsException"),
        ];
        let mut answer = answers.iter().find(|(begins, ..)| id.starts_with(begins)).copied();
        if id.starts_with(SLOW) && request.method() == Method::POST {
            answer = Some((SLOW, 429, "LimitExceededException"));
        }
        let mut response = described();
        if let Some((_, status, code)) = answer {
            *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
        }
        self.asked().push((request.method().clone(), id, request.into_body()));
        Box::pin(std::future::ready(response))
    }
}

/// The answer to a query of a connection; the answers to other requests are not read.
fn described() -> ServiceResponse {
    ServiceResponse::new(Bytes::from(
        r#"{"connectedAt":"2024-02-09T18:23:27.396Z","identity":{"sourceIp":"192.0.2.1","userAgent":""},
            "lastActiveAt":"2024-02-09T18:23:27.396Z"}"#,
    ))
}

impl Posts {
    /// Resets the count.
    pub(crate) fn forget(&self) {
        self.asked().clear();
    }

    pub(crate) fn count(&self) -> usize {
        self.asked().iter().filter(|(method, ..)| *method == Method::POST).count()
    }

    /// The posts to a connection so far; removes them from the record.
    pub(crate) fn take_frames(&self, id: &str) -> Vec<Value> {
        let mut asked = self.asked();
        let (taken, left) = asked.drain(..).partition(|(method, of, _)| *method == Method::POST && of == id);
        *asked = left;
        let taken: Vec<(Method, String, Bytes)> = taken;
        taken.iter().map(|(.., body)| serde_json::from_slice(body).expect("JSON")).collect()
    }

    /// The number of requests of this method for this connection.
    pub(crate) fn count_of(&self, method: &Method, id: &str) -> usize {
        self.asked().iter().filter(|(requested, of, _)| requested == method && of == id).count()
    }

    fn asked(&self) -> MutexGuard<'_, Vec<(Method, String, Bytes)>> {
        self.0.lock().expect("nobody panics with it")
    }
}
