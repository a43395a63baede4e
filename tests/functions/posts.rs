//! `@connections` without a gateway.

use std::sync::{Arc, Mutex, MutexGuard};

use confab_embedded_aws::{Service, ServiceFuture, ServiceRequest, ServiceResponse};
use http::{HeaderValue, Method};

/// How the id of a connection begins that is gone.
pub(crate) const GONE: &str = "gone";

/// How the id of a connection begins that takes no post for now.
pub(crate) const SLOW: &str = "slow";

/// How the id of a connection begins of which API Gateway's front end answers by itself.
pub(crate) const FRONT_END: &str = "front";

/// Knows every connection and takes every post, but of what is gone or slow; remembers what was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posts(Arc<Mutex<Vec<(Method, String)>>>);

impl Service for Posts {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let path = request.uri().path();
        let id = path.rsplit('/').next().unwrap_or_default().replace("%3D", "=");
        let mut response = ServiceResponse::default();
        if id.starts_with(GONE) {
            *response.status_mut() = http::StatusCode::GONE;
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("GoneException"));
        }
        if id.starts_with(SLOW) && request.method() == Method::POST {
            *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
            let code = HeaderValue::from_static("LimitExceededException");
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        if id.starts_with(FRONT_END) {
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            let code = HeaderValue::from_static("InternalServerErrorException");
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        self.asked().push((request.method().clone(), id));
        Box::pin(std::future::ready(response))
    }
}

impl Posts {
    /// Begins to count anew.
    pub(crate) fn forget(&self) {
        self.asked().clear();
    }

    pub(crate) fn count(&self) -> usize {
        self.asked().iter().filter(|(method, _)| *method == Method::POST).count()
    }

    /// How often this was asked of this connection.
    pub(crate) fn count_of(&self, method: &Method, id: &str) -> usize {
        self.asked().iter().filter(|(asked, of)| asked == method && of == id).count()
    }

    fn asked(&self) -> MutexGuard<'_, Vec<(Method, String)>> {
        self.0.lock().expect("nobody panics with it")
    }
}
