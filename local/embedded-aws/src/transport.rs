//! The SDK's HTTP client, which routes to embedded services.

use std::{collections::BTreeMap, fmt, sync::Arc};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

use crate::{Audit, Meter, Service, metering::Metered, signing_name, wire, wire::Scope};

/// The AWS services of this process.
///
/// Routes by the service in the credential scope of the signature
/// (`Credential=<key>/<date>/<region>/<service>/aws4_request`), so endpoints, regions and accounts do not matter, and
/// signatures are not verified. Clones share the services.
#[derive(Clone)]
pub struct EmbeddedAws {
    services: Arc<BTreeMap<&'static str, Arc<dyn Service>>>,
    audit: Option<Audit>,
}

impl EmbeddedAws {
    /// Starts without services.
    pub fn builder() -> EmbeddedAwsBuilder {
        EmbeddedAwsBuilder { services: BTreeMap::new(), meter: None, audit: None }
    }

    /// Returns the transport for an SDK client: `Config::builder().http_client(..)`.
    ///
    /// A request to a service that is not registered fails as a dispatch failure, which the SDK does not retry; so does
    /// an unsigned request.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }
}

/// Collects the services of an [`EmbeddedAws`].
pub struct EmbeddedAwsBuilder {
    services: BTreeMap<&'static str, Arc<dyn Service>>,
    meter: Option<Meter>,
    audit: Option<Audit>,
}

impl EmbeddedAwsBuilder {
    /// Sets the service that answers requests signed for `signing_name` (see [`signing_name`]). A later registration
    /// under the same name replaces it.
    pub fn service(mut self, signing_name: &'static str, service: impl Service) -> Self {
        self.services.insert(signing_name, Arc::new(service));
        self
    }

    /// Charges every DynamoDB request to `meter`.
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Records every request in `audit`.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Builds the transport.
    pub fn build(mut self) -> EmbeddedAws {
        if let Some(meter) = self.meter
            && let Some(service) = self.services.remove(signing_name::DYNAMODB)
        {
            self.services.insert(signing_name::DYNAMODB, Arc::new(Metered::new(service, meter)));
        }
        EmbeddedAws { services: Arc::new(self.services), audit: self.audit }
    }
}

impl HttpClient for EmbeddedAws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let Scope { access_key, service: signed_for, .. } = wire::scope(authorization).unwrap_or_default();
        let Some(service) = self.services.get(signed_for).cloned() else {
            let reason = format!("no embedded service {signed_for:?} for {}", request.uri());
            return HttpConnectorFuture::ready(Err(ConnectorError::other(reason.into(), None)));
        };
        let audit = self.audit.clone().map(|audit| (audit, access_key.to_owned(), signed_for.to_owned()));
        HttpConnectorFuture::new(async move {
            let request = wire::collect_request(request).await?;
            if let Some((audit, caller, service)) = audit {
                audit.record(&caller, &service, &request);
            }
            wire::sdk_response(service.call(request).await)
        })
    }
}

impl fmt::Debug for EmbeddedAws {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.services.keys()).finish()
    }
}
