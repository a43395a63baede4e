//! SNS's Query protocol.

use http::{HeaderValue, StatusCode, header};

use super::{
    form::Form,
    operations::{Call, applications, endpoints, publish},
    refusal::Refusal,
    store::Store,
    xml::{self, Answer},
};
use crate::{
    ServiceRequest, ServiceResponse,
    clock::Ms,
    random_id,
    wire::{self, Scope},
};

/// Executes one request and answers as SNS does.
pub(super) fn answer(store: &mut Store, request: &ServiceRequest, now: Ms) -> ServiceResponse {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Scope { region, .. } = wire::scope(authorization.unwrap_or_default()).unwrap_or_default();
    let form = Form::parse(request.body());
    let action = form.field("Action").unwrap_or_default();
    match execute(store, action, &form, &Call { now, region }) {
        Ok(answer) => respond(StatusCode::OK, |id| xml::answer(action, &answer, id)),
        Err(refusal) => refuse(&refusal),
    }
}

/// Answer of a service that has failed.
pub(super) fn internal_error() -> ServiceResponse {
    refuse(&Refusal::internal())
}

fn execute(store: &mut Store, action: &str, form: &Form, call: &Call<'_>) -> Result<Answer, Refusal> {
    let operation = match action {
        "CreatePlatformApplication" => applications::create,
        "CreatePlatformEndpoint" => endpoints::create,
        "DeleteEndpoint" => endpoints::delete,
        "DeletePlatformApplication" => applications::delete,
        "GetEndpointAttributes" => endpoints::get_attributes,
        "GetPlatformApplicationAttributes" => applications::get_attributes,
        "ListEndpointsByPlatformApplication" => endpoints::list,
        "ListPlatformApplications" => applications::list,
        "Publish" => publish::publish,
        "SetEndpointAttributes" => endpoints::set_attributes,
        "SetPlatformApplicationAttributes" => applications::set_attributes,
        _ => return Err(Refusal::invalid_action(action)),
    };
    store.transaction(|tables| operation(tables, form, call))
}

fn refuse(refusal: &Refusal) -> ServiceResponse {
    respond(refusal.status, |id| xml::refusal(refusal, id))
}

fn respond(status: StatusCode, document: impl FnOnce(&str) -> String) -> ServiceResponse {
    // Without random numbers the request has an empty id; only people read it.
    let request_id = random_id::random().unwrap_or_default();
    let mut response = ServiceResponse::new(document(&request_id).into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}
