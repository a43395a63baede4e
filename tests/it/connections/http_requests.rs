//! Invalid HTTP requests.

use http::Method;
use serde_json::json;
use tests::{Chat, User, fresh_handle, gateway_answers_for_itself};

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let alice = Chat::new().user().await;
    let deep = "[".repeat(60_000);
    for body in
        ["", " ", "nonsense", "[]", "7", "null", "\"x\"", "{", "{\"handle\":}", "{}{}", "\u{0}", &deep]
    {
        for path in ["/v1/signup", "/v1/login", "/v1/token/refresh"] {
            let anonymous = alice.http.anonymous();
            anonymous.send(Method::POST, path, body.to_owned()).await.refused(400, "bad_request");
        }
        alice.http.send(Method::PATCH, "/v1/me", body.to_owned()).await.refused(400, "bad_request");
    }
}

#[tokio::test]
async fn a_body_that_is_no_utf_8_is_refused() {
    let chat = Chat::new();
    for body in [&b"\xff\xfe"[..], b"{\"handle\":\"\xff\xff\xff\",\"password\":\"correct horse\"}"] {
        chat.http.send(Method::POST, "/v1/signup", body.to_vec()).await.refused(400, "bad_request");
    }
}

#[tokio::test]
async fn a_message_with_a_wrong_field_names_it() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    for (body, field) in [
        (json!({"text": "x"}), "client_message_id"),
        (json!({"id": "x", "text": "x"}), "client_message_id"),
        (json!({"client_message_id": "", "text": "x"}), "client_message_id"),
        (json!({"client_message_id": "x".repeat(65), "text": "x"}), "client_message_id"),
        (json!({"client_message_id": 7, "text": "x"}), "client_message_id"),
        (json!({"client_message_id": "x", "text": 7}), "text"),
        (json!({"client_message_id": "x", "text": "x", "mentions": {}}), "mentions"),
        (json!({"client_message_id": "x", "text": "x", "reply_to": -1}), "reply_to"),
    ] {
        let error = alice.post_message(&dm, &body).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    assert!(alice.chat_list().await.is_empty());
}

#[tokio::test]
async fn a_call_that_is_none_is_not_found() {
    let alice = Chat::new().user().await;
    if !gateway_answers_for_itself() {
        alice.http.get("/v1").await.refused(404, "not_found");
        alice.http.get("/v1/").await.refused(404, "not_found");
    }
    for path in ["/v1/nothing", "/v1/me/", "/v1/me/x", "/v1//me", "/v1/conversations/x/y/z"] {
        alice.http.get(path).await.refused(404, "not_found");
    }
    alice.http.post("/v1/nothing", &json!({})).await.refused(404, "not_found");
}

/// The behaviour of API Gateway for these paths is not documented.
#[tokio::test]
async fn a_call_with_a_character_too_many_is_another() {
    if gateway_answers_for_itself() {
        return;
    }
    let alice = Chat::new().user().await;
    for tail in ["%00", "%20", "%09", "%0A", "%23", "%23x", "%5C", "%7F"] {
        alice.http.get(&format!("/v1/health{tail}")).await.refused(404, "not_found");
        alice.http.get(&format!("/v1/he{tail}alth")).await.refused(404, "not_found");
        let user = format!("/v1/users/{}{tail}", alice.id);
        alice.http.get(&user).await.refused(400, "bad_request");
    }
}

#[tokio::test]
async fn the_wrong_method_is_refused() {
    let alice = Chat::new().user().await;
    for (method, path) in [
        (Method::GET, "/v1/signup"),
        (Method::PUT, "/v1/login"),
        (Method::DELETE, "/v1/me"),
        (Method::POST, "/v1/health"),
        (Method::PATCH, "/v1/conversations"),
    ] {
        let answer = alice.http.send(method, path, "").await;
        answer.refused(405, "bad_request");
    }
}

#[tokio::test]
async fn a_body_of_more_than_2_mb_is_too_large() {
    let [alice, bob] = Chat::new().users().await;
    let body = json!({"client_message_id": "x", "text": "x".repeat(2 * 1024 * 1024)});
    alice.post_message(&alice.dm(&bob), &body).await.refused(413, "too_large");
    assert!(alice.chat_list().await.is_empty());
}

/// Largest body of a call that sends no message. Unit: bytes.
const SHORT_BODY_BYTES_MAX: usize = 64 * 1024;

/// Calls without a token, and calls with one, that take a body.
fn calls_with_a_short_body(alice: &User) -> [Vec<(Method, String)>; 2] {
    let group = "grp_01M867M5Q7V2Y8B4N6D9F1G3H5";
    let open = ["signup", "login", "token/refresh"].map(|call| (Method::POST, format!("/v1/{call}")));
    let closed = [
        (Method::POST, "/v1/me/password".to_owned()),
        (Method::POST, "/v1/logout".to_owned()),
        (Method::PATCH, "/v1/me".to_owned()),
        (Method::PUT, "/v1/devices/self/push".to_owned()),
        (Method::POST, "/v1/groups".to_owned()),
        (Method::PATCH, format!("/v1/groups/{group}")),
        (Method::PUT, format!("/v1/groups/{group}/members/{}", alice.id)),
        (Method::PATCH, format!("/v1/conversations/{group}")),
    ];
    [open.into(), closed.into()]
}

/// None of the bodies is JSON, so that a server that parses them answers otherwise.
#[tokio::test]
async fn a_body_without_a_message_is_too_large_beyond_64_kb_and_is_not_parsed() {
    let alice = Chat::new().user().await;
    for (method, path) in calls_with_a_short_body(&alice).into_iter().flatten() {
        let send = async |bytes: usize| alice.http.send(method.clone(), &path, vec![b'['; bytes]).await;
        let error = send(SHORT_BODY_BYTES_MAX + 1).await.refused(413, "too_large");
        assert_eq!((&error["limit"], &error["actual"]), (&json!(65_536), &json!(65_537)), "{path}");
        send(SHORT_BODY_BYTES_MAX).await.refused(400, "bad_request");
    }
    alice.assert_logged_in().await;
}

#[tokio::test]
async fn a_body_is_not_read_before_the_login_is_checked() {
    let alice = Chat::new().user().await;
    let [_, closed] = calls_with_a_short_body(&alice);
    let message = (Method::POST, format!("/v1/conversations/{}/messages", alice.dm(&alice)));
    for (method, path) in closed.into_iter().chain([message]) {
        for bytes in [1, SHORT_BODY_BYTES_MAX + 1, 1_900_000, 3_000_000] {
            let answer = alice.http.anonymous().send(method.clone(), &path, vec![b'['; bytes]).await;
            answer.refused(401, "unauthenticated");
        }
    }
}

/// Every character escaped, and names with as many blanks around them as are accepted.
#[tokio::test]
async fn the_longest_bodies_that_are_valid_fit() {
    let chat = Chat::new();
    let name = format!("{}{}", r"\u0020".repeat(15 * 64), r"\ud83d\ude42".repeat(64));
    let password = r"\ud83d\ude42".repeat(128);
    let handle = fresh_handle();
    let signup = format!(
        r#"{{"handle":"{handle}","password":"{password}","display_name":"{name}","device":{{"name":"{name}","platform":"{name}"}}}}"#
    );
    let session = chat.http.send(Method::POST, "/v1/signup", signup).await.with_status(201);
    let alice = chat.http.with_token(session["access_token"].as_str().unwrap());
    let token = format!("{}{}", fresh_handle(), "x".repeat(4_000));
    let token: String = token.chars().map(|character| format!(r"\u{:04x}", u32::from(character))).collect();
    let push = format!(r#"{{"platform":"apns","token":"{token}"}}"#);
    alice.send(Method::PUT, "/v1/devices/self/push", push).await.no_content();
    let other = chat.user().await;
    let members = vec![format!("{:?}", other.id); 99].join(",");
    let group = format!(r#"{{"name":"{name}","members":[{members}]}}"#);
    alice.send(Method::POST, "/v1/groups", group).await.with_status(201);
}

#[tokio::test]
async fn a_huge_body_is_refused_before_anybody_reads_it() {
    let chat = Chat::new();
    let answer = chat.http.send(Method::POST, "/v1/signup", vec![b' '; 11 * 1024 * 1024]).await;
    assert_eq!(answer.status, 413);
    chat.http.get("/v1/health").await.ok();
}

#[tokio::test]
async fn a_body_of_spaces_around_an_object_is_taken() {
    let body = format!("\n\t {} \r\n", json!({"handle": fresh_handle(), "password": "correct horse"}));
    Chat::new().http.send(Method::POST, "/v1/signup", body).await.with_status(201);
}

#[tokio::test]
async fn a_query_that_lacks_what_it_needs_is_refused() {
    let alice = Chat::new().user().await;
    for path in ["/v1/users", "/v1/users?", "/v1/users?name=x", "/v1/users?handle=", "/v1/users?handle=a%20b"]
    {
        let error = alice.http.get(path).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains("handle"), "{error}");
    }
    alice.http.get("/v1/users?handle=%ff%fe").await.refused(400, "bad_request");
}

#[tokio::test]
async fn a_conversation_that_is_none_is_refused() {
    let alice = Chat::new().user().await;
    for conversation in ["x", "dm_", "dm_x_y", &alice.id, "%ff"] {
        alice.page(conversation, "").await.refused(400, "bad_request");
        let path = format!("/v1/conversations/{conversation}");
        alice.http.patch(&path, &json!({})).await.refused(400, "bad_request");
    }
    // API Gateway passes paths on without their escapes, so these name other calls, which do not exist.
    for odd in ["%2e%2e%2f", "x%2Fy"] {
        alice.http.get(&format!("/v1/conversations/{odd}/messages")).await.refused(404, "not_found");
    }
    // At a question mark the local gateway ends the path, and MiniStack passes it on.
    let answer = alice.http.get("/v1/conversations/%3Fx/messages").await;
    if gateway_answers_for_itself() {
        answer.refused(400, "bad_request");
    } else {
        answer.refused(404, "not_found");
    }
}
