//! Conversions between the SDK's request and response types and those of [`Service`](crate::Service).

use aws_smithy_runtime_api::client::{
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};

use crate::{ServiceRequest, ServiceResponse};

/// Largest request body that is passed to a service. Unit: bytes, inclusive.
///
/// It is the largest request of all services embedded here: a DynamoDB batch. Source: DynamoDB API Reference,
/// `BatchWriteItem`.
const REQUEST_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Credential scope of a signature.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    /// Key that signed the request.
    pub(crate) access_key: &'a str,
    /// Region, which becomes a part of ARNs.
    pub(crate) region: &'a str,
    /// Signing name of the service.
    pub(crate) service: &'a str,
}

/// Reads the SigV4 credential scope: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
pub(crate) fn scope(authorization: &str) -> Option<Scope<'_>> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut parts = credential.split('/');
    Some(Scope { access_key: parts.next()?, region: parts.nth(1)?, service: parts.next()? })
}

/// Collects the body of a request, streaming or not.
///
/// # Errors
///
/// A user error if the body fails, exceeds [`REQUEST_BODY_BYTES_MAX`], or the head is not HTTP.
pub(crate) async fn collect_request(request: HttpRequest) -> Result<ServiceRequest, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_BODY_BYTES_MAX).collect().await.map_err(ConnectorError::user)?;
    Ok(ServiceRequest::from_parts(head, body.to_bytes()))
}

/// Turns a service's answer into one of the SDK.
///
/// # Errors
///
/// If a header is not UTF-8, which the SDK cannot represent.
pub(crate) fn sdk_response(response: ServiceResponse) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response.map(SdkBody::from))
        .map_err(|error| ConnectorError::other(error.into(), None))
}
