//! `$default`: a typed error for a frame that names no route.

pub mod config;

use std::sync::Arc;
use std::time::Instant;

use confab_app::{Error, Limiter};
use confab_domain::Refusal;
use confab_domain::budget::Budget;
use confab_lambda::frame::id_of;
use confab_lambda::summary;
use confab_lambda::websocket::{Event, Response};
use confab_protocol::limits;
use serde_json::Value;

/// The function.
#[derive(Debug)]
pub struct DefaultFunction {
    /// Budgets of users. This function adds no charges to session rows.
    pub limiter: Arc<Limiter>,
}

impl DefaultFunction {
    /// Answers with an error that names the fault of the frame.
    pub fn handle(&self, event: &Event) -> Response {
        let started = Instant::now();
        let body = event.body.as_deref().unwrap_or_default();
        let error = match event.caller() {
            Ok(caller) => Error::Refused(
                match self.limiter.take_here(caller.identity.user, Budget::Frames, caller.now) {
                    Ok(()) => refusal_of(body, event.is_base64_encoded),
                    Err(refusal) => refusal,
                },
            ),
            Err(error) => error,
        };
        summary::log("default", Some(&error), started.elapsed());
        let id = if event.is_base64_encoded { None } else { id_of(body, limits::ID_BYTES_MAX) };
        Response::error(id, &error)
    }
}

fn refusal_of(body: &str, is_binary: bool) -> Refusal {
    let bad = |problem: &str| Refusal::Malformed(problem.to_owned());
    if is_binary {
        return bad("a frame must be text in UTF-8");
    }
    match serde_json::from_str(body) {
        Err(_) => bad("a frame must be JSON"),
        Ok(Value::Object(frame)) => match frame.get("action") {
            None => bad("missing field `action`"),
            Some(Value::String(_)) => Refusal::UnknownAction,
            Some(_) => bad("action: must be a string"),
        },
        Ok(_) => bad("a frame must be a JSON object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_domain::budget::LOCAL_RATES;

    #[track_caller]
    fn check(body: &str, is_binary: bool, expected: &str) {
        let event = serde_json::json!({
            "requestContext": {"routeKey": "$default", "eventType": "MESSAGE", "connectionId": "c=", "authorizer": {
                "user": "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "device": "dev_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "family": "fam_01ARZ3NDEKTSV4RRFFQ69G5FAV",
            }},
            "body": body,
            "isBase64Encoded": is_binary,
        });
        let function = DefaultFunction { limiter: Arc::new(Limiter::new(LOCAL_RATES)) };
        let response = function.handle(&serde_json::from_value(event).unwrap());
        assert_eq!(response.body.as_deref(), Some(expected));
    }

    #[test]
    fn an_unknown_action_is_answered_with_the_id_of_its_frame() {
        check(
            r#"{"action":"fly","id":"7"}"#,
            false,
            r#"{"type":"error","id":"7","code":"unknown_action","message":"unknown action"}"#,
        );
    }

    #[test]
    fn nonsense_is_answered_without_an_id() {
        let expected =
            |message: &str| format!(r#"{{"type":"error","code":"bad_request","message":"{message}"}}"#);
        check("nonsense", false, &expected("a frame must be JSON"));
        check("", false, &expected("a frame must be JSON"));
        check("[1]", false, &expected("a frame must be a JSON object"));
        check("{}", false, &expected("missing field `action`"));
        check(r#"{"action":7}"#, false, &expected("action: must be a string"));
        check("AAEC", true, &expected("a frame must be text in UTF-8"));
    }
}
