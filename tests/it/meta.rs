//! What the API says about itself.

use std::collections::BTreeSet;

use tests::Chat;

/// Every call that this version has.
const CALLS: [(&str, &str); 17] = [
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
    ("get", "/v1/health"),
];

/// `/v1/users/{user}` as `/v1/users/{}`: what a parameter is called is nobody's business.
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
}

#[tokio::test]
async fn every_reference_in_the_description_leads_somewhere() {
    let description = Chat::new().http.get("/v1/openapi.json").await.ok();
    let text = description.to_string();
    let references = text.split(r##""$ref":"#"##).skip(1).map(|rest| rest.split('"').next().unwrap());
    let mut count = 0;
    for reference in references {
        count += 1;
        assert!(description.pointer(reference).is_some(), "{reference} leads nowhere");
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
        assert!(call["security"].is_array(), "{path}: whether it needs a token");
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
async fn every_call_that_may_be_limited_says_when_the_next_may_succeed() {
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
