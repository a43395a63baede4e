//! `@connections` without a gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use confab_embedded_aws::{Service, ServiceFuture, ServiceRequest, ServiceResponse};
use http::HeaderValue;

/// How the id of a connection begins that is gone.
pub(crate) const GONE: &str = "gone";

/// How the id of a connection begins that takes no post for now.
pub(crate) const SLOW: &str = "slow";

/// How the id of a connection begins of which API Gateway's front end answers by itself.
pub(crate) const FRONT_END: &str = "front";

/// Knows every connection and takes every post, but of what is gone; counts posts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posts(Arc<AtomicUsize>);

impl Service for Posts {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        if request.method() == http::Method::POST {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        let mut response = ServiceResponse::default();
        if request.uri().path().contains(&format!("/{GONE}")) {
            *response.status_mut() = http::StatusCode::GONE;
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("GoneException"));
        }
        if request.uri().path().contains(&format!("/{SLOW}")) {
            *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
            let code = HeaderValue::from_static("LimitExceededException");
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        if request.uri().path().contains(&format!("/{FRONT_END}")) {
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            let code = HeaderValue::from_static("InternalServerErrorException");
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        Box::pin(std::future::ready(response))
    }
}

impl Posts {
    /// Begins to count anew.
    pub(crate) fn forget(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
