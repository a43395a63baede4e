//! The description of all calls, `openapi.json`: what holds for every call and so is not said at each.

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

/// What the document says of itself.
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
        (name = "profiles", description = "What users may know of each other."),
        (name = "contacts", description = "Friends."),
        (name = "blocks", description = "Whom a user wants to hear nothing of."),
        (name = "devices", description = "Where a user is logged in, and where alerts go."),
        (name = "conversations", description = "The chat list, messages and read markers."),
        (name = "groups", description = "Groups and their members."),
        (name = "meta", description = "About the API."),
    )
)]
struct Start;

/// The name of the security scheme that the descriptions of calls refer to.
const BEARER: &str = "access_token";

/// An error that any call with the same marks may answer.
struct CommonError {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    says_when: bool,
}

const COMMON_ERRORS: [CommonError; 8] = [
    error("400", "BadRequest", "A field is missing or wrong; `message` names it."),
    error("401", "Unauthenticated", "No living login is behind the token."),
    error("403", "Forbidden", "Not a member, blocked, or not the role."),
    error("404", "NotFound", "There is no such thing, or none that the caller may see."),
    error("413", "TooLarge", "Over a size limit; `limit` and `actual` say by how much."),
    CommonError {
        says_when: true,
        ..error("429", "RateLimited", "Too many requests; `retry_after_ms` says when the next may succeed.")
    },
    error("503", "Unavailable", "Try again with the same ids; whether this try took effect is unknown."),
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
                .description(Some("Seconds until the next try may succeed."))
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

/// The document before any call is in it.
pub(crate) fn start() -> OpenApi {
    let mut openapi = Start::openapi();
    let mut server = Server::new("/");
    server.description = Some("The deployment that answers this document.".to_owned());
    openapi.servers = Some(vec![server]);
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    openapi
}

/// Adds to each call the errors that every call of its kind may answer, and to each schema what holds for all.
pub(crate) fn complete(openapi: &mut OpenApi) {
    let requests = schemas_of_requests(openapi);
    for operation in openapi.paths.paths.values_mut().flat_map(operations) {
        add_errors(operation);
        say_whether_the_body_is_required(operation);
        // Said explicitly, so that nobody takes a call without a token for one whose author forgot it.
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
        let RefOr::T(said) = response else { continue };
        let common = COMMON_ERRORS.iter().find(|error| error.status == status);
        if said.description.is_empty() {
            *response = match common {
                Some(error) => error.reference(),
                None => described_success(status, std::mem::take(said)).into(),
            };
        } else if !status.starts_with('2') {
            let said = std::mem::take(said);
            *response = match common {
                Some(error) => error.with_body(said).into(),
                None => with_error_body(said).into(),
            };
        }
    }
}

/// A body that may be left out is no `null`, which is refused.
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

/// A success that says nothing beyond its status and body.
fn described_success(status: &str, mut response: Response) -> Response {
    let reason = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Done").clone_into(&mut response.description);
    response
}

/// A field that may be left out may be `null` as well in what comes in, and never is in what goes out.
fn drop_nulls_of_answers(components: &mut Components, requests: &BTreeSet<String>) {
    for (name, schema) in &mut components.schemas {
        let RefOr::T(schema) = schema else { continue };
        if !requests.contains(name) {
            properties(schema).into_iter().for_each(drop_null);
        }
    }
}

/// The names of the schemas that are in requests.
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

/// The names of the schemas that a part of the document refers to.
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
