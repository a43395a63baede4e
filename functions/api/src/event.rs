//! What has to hold of an event before `lambda_http` reads it.

use std::fmt::Write;

use lambda_http::http::header::{HOST, HeaderName};
use lambda_http::http::uri::Authority;
use lambda_http::request::LambdaRequest;

/// Longest path and query, together. Unit: bytes.
///
/// Source: Amazon API Gateway quotas for HTTP APIs, "Total combined size of request line and header values".
const URL_BYTES_MAX: usize = 10_240;

/// The same request, with an address that can be read whatever a client has put into it.
///
/// `lambda_http` makes a URL of the header `Host`, the path and the query, and panics where that is none: anybody could
/// end an invocation. A host that is none is left out, odd characters of a query are escaped, and an address that is too
/// long names nothing.
pub fn readable(request: LambdaRequest) -> LambdaRequest {
    let LambdaRequest::ApiGatewayV2(mut event) = request else { return request };
    let is_host = |host: &str| host.parse::<Authority>().is_ok() && !host.contains('@');
    if event.headers.get(HOST).is_some_and(|host| !host.to_str().is_ok_and(is_host)) {
        event.headers.remove(HOST);
    }
    let scheme = HeaderName::from_static("x-forwarded-proto");
    if event.headers.get(&scheme).is_some_and(|scheme| scheme != "http" && scheme != "https") {
        event.headers.remove(scheme);
    }
    event.raw_query_string = event.raw_query_string.map(|query| escaped(&query));
    let length = |part: &Option<String>| part.as_ref().map_or(0, String::len);
    if length(&event.raw_path) + length(&event.raw_query_string) > URL_BYTES_MAX {
        event.raw_path = Some("/".to_owned());
        event.raw_query_string = None;
    }
    LambdaRequest::ApiGatewayV2(event)
}

/// A query with all that RFC 3986 does not allow in one escaped; what is escaped already stays as it is.
fn escaped(query: &str) -> String {
    let mut escaped = String::with_capacity(query.len());
    for byte in query.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte) {
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

    /// The address that the router sees.
    fn uri(path: &str, query: &str, headers: &[(&'static str, &str)]) -> Uri {
        let mut event = ApiGatewayV2httpRequest {
            raw_path: Some(path.to_owned()),
            raw_query_string: Some(query.to_owned()),
            ..ApiGatewayV2httpRequest::default()
        };
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

    #[test]
    fn no_host_ends_the_invocation_or_chooses_what_is_served() {
        for host in ["a b", "a/b", "a?b", "a#b", "a@b", "[", ":", "a:99999999", "%", "a\\b", "<", ""] {
            assert_eq!(uri("/v1/health", "", &[("host", host)]).path(), "/v1/health", "{host}");
        }
        assert_eq!(uri("/v1/health", "", &[("host", "127.0.0.1:8080")]).path(), "/v1/health");
        let odd = [("host", "a.example"), ("x-forwarded-proto", "1:/")];
        assert_eq!(uri("/v1/health", "", &odd).path(), "/v1/health");
    }

    #[test]
    fn an_address_that_is_too_long_names_nothing() {
        for length in [10_300, 66_000, 200_000] {
            assert_eq!(uri(&format!("/v1/{}", "x".repeat(length)), "", &[]).path(), "/");
            assert_eq!(uri("/v1/health", &"x".repeat(length), &[]).path(), "/");
        }
    }
}
