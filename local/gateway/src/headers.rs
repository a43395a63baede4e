//! Request headers in the form of WebSocket events.

use std::{collections::BTreeMap, net::SocketAddr};

use http::{HeaderMap, HeaderName, header};

use crate::ids;

/// Values by name, in the order in which they were sent.
pub(crate) type Headers = BTreeMap<String, Vec<String>>;

/// The headers of a handshake, with those that API Gateway adds and without the hop-by-hop ones.
///
/// Names are in title case (`Sec-WebSocket-Key`): AWS keeps the client's case, which is lost here, and clients of
/// HTTP/1.1 mostly send title case.
pub(crate) fn of_handshake(headers: &HeaderMap, peer: SocketAddr, received_at_ms: u64) -> Headers {
    let mut seen = Headers::new();
    for (name, value) in headers {
        if *name != header::CONNECTION && *name != header::UPGRADE {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            seen.entry(title_case(name)).or_default().push(value);
        }
    }
    for (name, value) in added(headers, peer, received_at_ms) {
        seen.insert(title_case(&HeaderName::from_static(name)), vec![value]);
    }
    seen
}

/// The headers that API Gateway adds, with names in lower case. The address is appended to an existing
/// `x-forwarded-for`. On AWS the protocol is always `https`; here it is the real one, since functions build URLs of it.
pub(crate) fn added(
    headers: &HeaderMap,
    peer: SocketAddr,
    received_at_ms: u64,
) -> [(&'static str, String); 4] {
    let address = peer.ip().to_string();
    let forwarded_for = match text(headers, "x-forwarded-for") {
        Some(before) => format!("{before}, {address}"),
        None => address,
    };
    let trace_id =
        text(headers, "x-amzn-trace-id").map_or_else(|| ids::trace_id(received_at_ms), str::to_owned);
    [
        ("x-amzn-trace-id", trace_id),
        ("x-forwarded-for", forwarded_for),
        ("x-forwarded-port", port(headers)),
        ("x-forwarded-proto", "http".to_owned()),
    ]
}

fn port(headers: &HeaderMap) -> String {
    let authority = text(headers, "host").and_then(|host| host.parse::<http::uri::Authority>().ok());
    authority.and_then(|authority| authority.port_u16()).unwrap_or(80).to_string()
}

/// The last value of each name.
pub(crate) fn last_values(headers: &Headers) -> BTreeMap<&str, &str> {
    headers.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str()))).collect()
}

/// The value of a header, if it is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn title_case(name: &HeaderName) -> String {
    let words = name.as_str().split('-').map(|word| match word {
        "websocket" => "WebSocket".to_owned(),
        word => {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        }
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_title_case_and_hop_headers_are_left_out() {
        let mut sent = HeaderMap::new();
        for (name, value) in
            [("upgrade", "websocket"), ("sec-websocket-key", "k"), ("x-forwarded-for", "192.0.2.1")]
        {
            sent.append(name, http::HeaderValue::from_static(value));
        }
        let seen = of_handshake(&sent, ([10, 0, 0, 1], 5).into(), 0);
        assert_eq!(seen["Sec-WebSocket-Key"], ["k"]);
        assert_eq!(seen["X-Forwarded-For"], ["192.0.2.1, 10.0.0.1"]);
        assert!(!seen.contains_key("Upgrade"));
    }
}
