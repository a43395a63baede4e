//! `openapi.json`, the description of all calls: the parts that hold for every call, and so are not repeated at each.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use confab_protocol::http::ErrorAnswer;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{Object, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, Content, ContentBuilder, HeaderBuilder, OpenApi, Ref, RefOr, Required, Response, Server,
};
use utoipa::{OpenApi as _, PartialSchema, ToSchema};

/// General part of the document.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Confab",
        description = "Accounts, devices, tickets for the WebSocket, friends, groups, the chat list and history. \
            The body of a request has at most 64 KiB, that of a message 2 MiB.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact()
    ),
    tags(
        (name = "accounts", description = "Signing up, logging in and out, tickets."),
        (name = "profiles", description = "Handles, names and avatars of users."),
        (name = "contacts", description = "Friends, and requests to be friends."),
        (name = "blocks", description = "Users whose 1:1 messages and presence the caller refuses."),
        (name = "devices", description = "Devices that the user is logged in on, and their registrations for pushes."),
        (name = "conversations", description = "The chat list, messages and read markers."),
        (name = "groups", description = "Groups and their members."),
        (name = "meta", description = "Health and description of the API."),
    )
)]
struct Start;

/// Name of the security scheme that the descriptions of calls refer to.
const BEARER: &str = "access_token";

/// Error that every call of a kind may answer: of those with a body, with a token, or of all.
struct CommonError {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    says_when: bool,
}

const COMMON_ERRORS: [CommonError; 8] = [
    error("400", "BadRequest", "A field is missing or wrong; `message` names it."),
    error("401", "Unauthenticated", "The token is missing or invalid, or its login has ended."),
    error("403", "Forbidden", "The caller is not a member, is blocked, or lacks the role."),
    error("404", "NotFound", "It does not exist, or the caller may not see it."),
    error("413", "TooLarge", "A size limit is exceeded: `message` names the unit of `limit` and `actual`."),
    CommonError {
        says_when: true,
        ..error("429", "RateLimited", "Too many requests; the next may succeed after `retry_after_ms`.")
    },
    error("503", "Unavailable", "The outcome is unknown: repeat the request with the same ids."),
    error("default", "Failure", "Any other error."),
];

const fn error(status: &'static str, name: &'static str, description: &'static str) -> CommonError {
    CommonError { status, name, description, says_when: false }
}

impl CommonError {
    fn reference(&self) -> RefOr<Response> {
        RefOr::Ref(Ref::from_response_name(self.name))
    }

    fn response(&self) -> Response {
        self.with_body(Response::new(self.description))
    }

    fn with_body(&self, mut response: Response) -> Response {
        if self.says_when {
            let seconds = HeaderBuilder::new()
                .schema(Some(Object::with_type(Type::Integer)))
                .description(Some("Seconds until the next request may succeed."))
                .build();
            response.headers.insert("Retry-After".to_owned(), seconds.into());
        }
        with_error_body(response)
    }
}

fn with_error_body(mut response: Response) -> Response {
    let schema = RefOr::Ref(Ref::from_schema_name(ErrorAnswer::name()));
    let content = ContentBuilder::new().schema::<RefOr<Schema>>(Some(schema)).build();
    response.content.insert("application/json".to_owned(), content.into());
    response
}

/// Returns the document before calls are added.
pub(crate) fn start() -> OpenApi {
    let mut openapi = Start::openapi();
    let mut server = Server::new("/");
    server.description = Some("The deployment that answers this document.".to_owned());
    openapi.servers = Some(vec![server]);
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    openapi
}

/// Adds to each call the errors that every call of its kind may answer, and to each schema the rules for all schemas.
pub(crate) fn complete(openapi: &mut OpenApi) {
    let requests = schemas_of_requests(openapi);
    for operation in openapi.paths.paths.values_mut().flat_map(operations) {
        add_errors(operation);
        say_whether_the_body_is_required(operation);
        // An explicit empty list marks a call that needs no token. A missing list could be an omission.
        operation.security.get_or_insert_default();
    }
    let components = openapi.components.get_or_insert_default();
    let mut schemas = Vec::new();
    ErrorAnswer::schemas(&mut schemas);
    schemas.push((ErrorAnswer::name().into_owned(), ErrorAnswer::schema()));
    components.schemas.extend(schemas);
    for error in &COMMON_ERRORS {
        components.responses.insert(error.name.to_owned(), error.response().into());
    }
    drop_nulls_of_answers(components, &requests);
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn add_errors(operation: &mut Operation) {
    let has_token = operation.security.is_some();
    let has_body = operation.request_body.is_some();
    let has_input = has_body || operation.parameters.is_some();
    let responses = &mut operation.responses.responses;
    for error in &COMMON_ERRORS {
        let may_come = match error.status {
            "400" => has_input,
            "401" => has_token,
            "413" => has_body,
            "503" | "default" => true,
            _ => false,
        };
        if may_come {
            responses.entry(error.status.to_owned()).or_insert_with(|| error.reference());
        }
    }
    for (status, response) in responses {
        let RefOr::T(declared) = response else { continue };
        let common = COMMON_ERRORS.iter().find(|error| error.status == status);
        if declared.description.is_empty() {
            *response = match common {
                Some(error) => error.reference(),
                None => described_success(status, std::mem::take(declared)).into(),
            };
        } else if !status.starts_with('2') {
            let declared = std::mem::take(declared);
            *response = match common {
                Some(error) => error.with_body(declared).into(),
                None => with_error_body(declared).into(),
            };
        }
    }
}

/// States whether the body is required. An optional body may be left out, but `null` is refused.
fn say_whether_the_body_is_required(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let is_required = body.required == Some(Required::True);
    body.required = Some(if is_required { Required::True } else { Required::False });
    for content in body.content.values_mut() {
        if let RefOr::T(Content { schema: Some(schema), .. }) = content {
            drop_null(schema);
        }
    }
}

/// Response whose description is the standard phrase of its status.
fn described_success(status: &str, mut response: Response) -> Response {
    let reason = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Done").clone_into(&mut response.description);
    response
}

/// Removes `null` from the fields of answers. In a request an optional field may be `null`; in an answer it is left
/// out.
fn drop_nulls_of_answers(components: &mut Components, requests: &BTreeSet<String>) {
    for (name, schema) in &mut components.schemas {
        let RefOr::T(schema) = schema else { continue };
        if !requests.contains(name) {
            properties(schema).into_iter().for_each(drop_null);
        }
    }
}

/// Names of the schemas that occur in requests.
fn schemas_of_requests(openapi: &OpenApi) -> BTreeSet<String> {
    let bodies = openapi.paths.paths.values().flat_map(|item| [&item.put, &item.post, &item.patch]);
    let bodies = bodies.flatten().filter_map(|operation| operation.request_body.as_ref());
    let mut found = BTreeSet::new();
    let mut new: Vec<String> = bodies.flat_map(references).collect();
    let schemas = openapi.components.as_ref().map(|components| &components.schemas);
    while let Some(name) = new.pop() {
        if let Some(schema) = schemas.and_then(|schemas| schemas.get(&name)) {
            new.extend(references(schema).into_iter().filter(|name| !found.contains(name)));
        }
        found.insert(name);
    }
    found
}

/// Names of the schemas that a part of the document refers to.
fn references(part: &impl Serialize) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                let reference = fields.get("$ref").and_then(Value::as_str);
                found.extend(reference.and_then(|path| path.rsplit('/').next()).map(str::to_owned));
                fields.values().for_each(|value| collect(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::to_value(part).unwrap_or_default(), &mut found);
    found
}

fn properties(schema: &mut Schema) -> Vec<&mut RefOr<Schema>> {
    match schema {
        Schema::Object(object) => object.properties.values_mut().collect(),
        Schema::AllOf(all) => all
            .items
            .iter_mut()
            .flat_map(|item| match item {
                RefOr::T(schema) => properties(schema),
                RefOr::Ref(_) => Vec::new(),
            })
            .collect(),
        Schema::Array(_) | Schema::OneOf(_) | Schema::AnyOf(_) | _ => Vec::new(),
    }
}

fn drop_null(property: &mut RefOr<Schema>) {
    let RefOr::T(schema) = property else { return };
    match schema {
        Schema::Object(object) => drop_null_type(&mut object.schema_type),
        Schema::Array(array) => drop_null_type(&mut array.schema_type),
        Schema::OneOf(either) => {
            either.items.retain(|item| !is_null(item));
            if let [only] = either.items.as_slice() {
                *property = only.clone();
            }
        }
        Schema::AllOf(_) | Schema::AnyOf(_) | _ => {}
    }
}

fn drop_null_type(schema_type: &mut SchemaType) {
    if let SchemaType::Array(types) = schema_type {
        types.retain(|one| *one != Type::Null);
        if let [only] = types.as_slice() {
            *schema_type = SchemaType::Type(only.clone());
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}
