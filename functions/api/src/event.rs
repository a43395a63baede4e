//! Escapes the URL of an event, so that `lambda_http` can read it.

use std::fmt::Write;

use lambda_http::http::header::HOST;
use lambda_http::request::LambdaRequest;

/// Longest path and query together. Unit: bytes.
///
/// Source: Amazon API Gateway quotas for HTTP APIs, "Total combined size of request line and header values".
const URL_BYTES_MAX: usize = 10_240;

/// Header in which [`readable`] keeps the value of `Host`.
pub(crate) const CALLED_HOST: &str = "confab-called-host";

/// Returns the request with a URL that `lambda_http` can parse, whatever the client sent.
///
/// `lambda_http` builds a URL from the host, the path and the query, and panics if they form none: any client could end
/// an invocation. It also drops spaces and control characters around a path and tabs within it, and cuts the path at a
/// `#`: a path without a route would be answered as another path. So this function moves the host to a header of its
/// own, and escapes in the path and the query the characters that RFC 3986 does not allow. A URL over the limit becomes
/// `/`, which has no route.
pub fn readable(request: LambdaRequest) -> LambdaRequest {
    let LambdaRequest::ApiGatewayV2(mut event) = request else { return request };
    event.request_context.domain_name = None;
    event.headers.remove(CALLED_HOST);
    if let Some(host) = event.headers.remove(HOST) {
        event.headers.insert(CALLED_HOST, host);
    }
    event.raw_path = event.raw_path.map(|path| escaped(&path, PATH));
    event.raw_query_string = event.raw_query_string.map(|query| escaped(&query, QUERY));
    let length = |part: &Option<String>| part.as_ref().map_or(0, String::len);
    if length(&event.raw_path) + length(&event.raw_query_string) > URL_BYTES_MAX {
        event.raw_path = Some("/".to_owned());
        event.raw_query_string = None;
    }
    LambdaRequest::ApiGatewayV2(event)
}

/// Characters that RFC 3986 allows in a path besides letters and digits, and `%`: escapes that are there stay as they
/// are.
const PATH: &[u8] = b"-._~!$&'()*+,;=:@/%";

/// The same for a query.
const QUERY: &[u8] = b"-._~!$&'()*+,;=:@/?%";

/// Escapes every byte that is neither a letter, a digit nor `allowed`.
fn escaped(text: &str, allowed: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || allowed.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
    use lambda_http::http::{HeaderValue, Uri};
    use lambda_http::{Body, http};

    /// The URL that the router gets.
    fn uri(path: &str, query: &str, headers: &[(&'static str, &str)]) -> Uri {
        let mut event = ApiGatewayV2httpRequest::default();
        event.raw_path = Some(path.to_owned());
        event.raw_query_string = Some(query.to_owned());
        for (name, value) in headers {
            event.headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        http::Request::<Body>::from(readable(LambdaRequest::ApiGatewayV2(event))).uri().clone()
    }

    #[test]
    fn no_character_of_a_query_ends_the_invocation() {
        for character in '\0'..='\u{17f}' {
            let uri = uri("/v1/health", &format!("q={character}"), &[]);
            assert_eq!(uri.path(), "/v1/health", "{character:?}");
        }
        assert_eq!(uri("/v1/users", "handle=a%20b&x=<", &[]).query(), Some("handle=a%20b&x=%3C"));
    }

    /// Characters that `url` would drop, cut at or replace if they were not escaped.
    #[test]
    fn a_character_too_many_in_a_path_makes_it_another() {
        for character in ('\0'..=' ').chain("?#\\\u{7f}\u{a0}".chars()) {
            for path in [
                format!("/v1/health{character}"),
                format!("/v1/he{character}alth"),
                format!("/v1{character}/health"),
            ] {
                assert_ne!(uri(&path, "", &[]).path(), "/v1/health", "{path:?}");
                assert_eq!(uri(&path, "", &[]).query(), None, "{path:?}");
            }
        }
        assert_eq!(uri("/v1/users/a b", "", &[]).path(), "/v1/users/a%20b");
        assert_eq!(uri("/v1/users/a%20b", "", &[]).path(), "/v1/users/a%20b");
    }

    #[test]
    fn no_host_ends_the_invocation_or_chooses_what_is_served() {
        for host in
            ["a b", "a/b", "a?b", "a#b", "a@b", "[", ":", "a:99999999", "%", "a\\b", "1.2.3.999", "xn--a", ""]
        {
            let headers = [("host", host), ("x-forwarded-proto", "1:/"), ("confab-called-host", "other")];
            assert_eq!(uri("/v1/health", "", &headers).path(), "/v1/health", "{host}");
        }
    }

    #[test]
    fn the_host_that_a_client_called_is_kept_apart() {
        let mut event = ApiGatewayV2httpRequest::default();
        event.headers.insert("host", HeaderValue::from_static("127.0.0.1:8080"));
        event.headers.insert(CALLED_HOST, HeaderValue::from_static("evil.example"));
        let request = http::Request::<Body>::from(readable(LambdaRequest::ApiGatewayV2(event)));
        assert_eq!(request.headers()[CALLED_HOST], "127.0.0.1:8080");
    }

    #[test]
    fn an_address_that_is_too_long_names_nothing() {
        for length in [10_300, 66_000, 200_000] {
            assert_eq!(uri(&format!("/v1/{}", "x".repeat(length)), "", &[]).path(), "/");
            assert_eq!(uri("/v1/health", &"x".repeat(length), &[]).path(), "/");
        }
    }
}
