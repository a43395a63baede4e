//! The API's description of itself.

use std::collections::BTreeSet;

use tests::Chat;

/// Every call of this version.
const CALLS: [(&str, &str); 32] = [
    ("post", "/v1/signup"),
    ("post", "/v1/login"),
    ("post", "/v1/token/refresh"),
    ("post", "/v1/logout"),
    ("post", "/v1/tickets"),
    ("get", "/v1/me"),
    ("patch", "/v1/me"),
    ("get", "/v1/users/{}"),
    ("get", "/v1/users"),
    ("get", "/v1/conversations"),
    ("patch", "/v1/conversations/{}"),
    ("get", "/v1/conversations/{}/messages"),
    ("post", "/v1/conversations/{}/messages"),
    ("get", "/v1/conversations/{}/receipts"),
    ("get", "/v1/devices"),
    ("delete", "/v1/devices/{}"),
    ("post", "/v1/me/password"),
    ("get", "/v1/contacts"),
    ("put", "/v1/contacts/{}"),
    ("delete", "/v1/contacts/{}"),
    ("get", "/v1/blocks"),
    ("put", "/v1/blocks/{}"),
    ("delete", "/v1/blocks/{}"),
    ("post", "/v1/groups"),
    ("get", "/v1/groups/{}"),
    ("patch", "/v1/groups/{}"),
    ("delete", "/v1/groups/{}"),
    ("put", "/v1/groups/{}/members/{}"),
    ("delete", "/v1/groups/{}/members/{}"),
    ("put", "/v1/devices/self/push"),
    ("delete", "/v1/devices/self/push"),
    ("get", "/v1/health"),
];

/// `/v1/users/{user}` as `/v1/users/{}`, since the names of parameters do not matter.
fn nameless(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_api_is_healthy() {
    let health = Chat::new().http.get("/v1/health").await.ok();
    assert_eq!(health["status"], "ok");
    assert!(health["version"].as_str().is_some_and(|version| !version.is_empty()), "{health}");
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_lists_every_call() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."), "{}", description["openapi"]);
    let paths = description["paths"].as_object().unwrap();
    for (method, path) in CALLS {
        let listed = paths.iter().any(|(name, calls)| nameless(name) == path && calls.get(method).is_some());
        assert!(listed, "{method} {path} is not described");
    }
    let count: usize = paths.values().map(|calls| calls.as_object().unwrap().len()).sum();
    assert_eq!(count, CALLS.len(), "the description has a call that is not listed here");
}

/// The bounds of calls and fields, as JSON pointers into `components/schemas`.
const BOUNDS: [(&str, &str, &str); 16] = [
    ("Handle", "pattern", r#""^[A-Za-z0-9_]{3,32}$""#),
    ("Password", "minLength", "8"),
    ("Password", "maxLength", "128"),
    ("Name", "minLength", "1"),
    ("Name", "maxLength", "64"),
    ("Label", "maxLength", "64"),
    ("MessageText", "minLength", "1"),
    ("MessageText", "maxLength", "100000"),
    ("ClientMessageId", "minLength", "1"),
    ("ClientMessageId", "maxLength", "64"),
    ("PostMessage/properties/mentions", "maxItems", "25"),
    ("NewGroup/properties/members", "maxItems", "99"),
    ("Role", "enum", r#"["owner","admin","member"]"#),
    ("PresenceStatus", "enum", r#"["online","offline"]"#),
    ("PushPlatform", "enum", r#"["apns","fcm"]"#),
    ("GroupAdds", "enum", r#"["everyone","friends"]"#),
];

/// The schema of each bounded request field; a bound counts only if a field refers to its schema.
const BOUNDED: [(&str, &str); 12] = [
    ("Signup/properties/handle", "Handle"),
    ("Signup/properties/password", "Password"),
    ("Signup/properties/display_name", "Name"),
    ("PasswordChange/properties/new_password", "Password"),
    ("ProfilePatch/properties/display_name", "Name"),
    ("ProfilePatch/properties/group_adds", "GroupAdds"),
    ("NewGroup/properties/name", "Name"),
    ("GroupPatch/properties/name", "Name"),
    ("PutMember/properties/role", "Role"),
    ("PostMessage/properties/text", "MessageText"),
    ("PostMessage/properties/client_message_id", "ClientMessageId"),
    ("PushRegistration/properties/platform", "PushPlatform"),
];

#[tokio::test]
async fn every_bound_is_in_the_description() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    let schemas = &description["components"]["schemas"];
    for (place, keyword, expected) in BOUNDS {
        let schema = schemas.pointer(&format!("/{place}")).unwrap_or_else(|| panic!("no {place}"));
        assert_eq!(schema[keyword].to_string(), expected, "{place}: {keyword}");
    }
    for (place, expected) in BOUNDED {
        let field = schemas.pointer(&format!("/{place}")).unwrap_or_else(|| panic!("no {place}"));
        let reference = format!(r##""#/components/schemas/{expected}""##);
        assert!(field.to_string().contains(&reference), "{place}: {field}");
    }
    let messages = &description["paths"]["/v1/conversations/{conversation}/messages"]["get"]["parameters"];
    let limit = messages.as_array().unwrap().iter().find(|parameter| parameter["name"] == "limit").unwrap();
    assert_eq!((&limit["schema"]["minimum"], &limit["schema"]["maximum"]), (&1.into(), &100.into()));
}

#[tokio::test]
async fn every_reference_in_the_description_has_a_target() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    let text = description.to_string();
    let references = text.split(r##""$ref":"#"##).skip(1).map(|rest| rest.split('"').next().unwrap());
    let mut count = 0;
    for reference in references {
        count += 1;
        assert!(description.pointer(reference).is_some(), "{reference} has no target");
    }
    assert!(count > 0);
}

#[tokio::test]
async fn every_call_has_a_name_of_its_own_and_every_answer_is_described() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    let paths = description["paths"].as_object().unwrap();
    let mut names = BTreeSet::new();
    for (path, call) in paths
        .iter()
        .flat_map(|(path, calls)| calls.as_object().unwrap().values().map(move |call| (path, call)))
    {
        assert!(names.insert(call["operationId"].as_str().unwrap()), "{path}: {}", call["operationId"]);
        let answers = call["responses"].as_object().unwrap();
        assert!(answers.contains_key("default") && answers.contains_key("503"), "{path}");
        for (status, answer) in answers {
            let answer =
                answer["$ref"].as_str().map_or(Some(answer), |at| description.pointer(&at[1..])).unwrap();
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}: {status}");
        }
        assert!(call["security"].is_array(), "{path}: no statement on whether it needs a token");
    }
}

#[tokio::test]
async fn no_answer_is_described_as_null() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    for name in ["Profile", "Conversation", "Message", "ErrorBody", "Device", "ChatList"] {
        let schema = &description["components"]["schemas"][name];
        assert!(schema.is_object() && !schema.to_string().contains("null\""), "{name}: {schema}");
    }
}

#[tokio::test]
async fn every_call_that_may_be_limited_documents_when_the_next_may_succeed() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    let calls = description["paths"].as_object().unwrap().values();
    let limited = calls.flat_map(|calls| calls.as_object().unwrap().values());
    let answers: Vec<_> = limited.filter_map(|call| call["responses"].get("429")).collect();
    assert!(answers.len() > 5, "{answers:?}");
    for answer in answers {
        let answer =
            answer["$ref"].as_str().map_or(Some(answer), |at| description.pointer(&at[1..])).unwrap();
        assert_eq!(answer["headers"]["Retry-After"]["schema"]["type"], "integer", "{answer}");
    }
}
