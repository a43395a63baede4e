//! Checks of requests: one that is not well-formed reaches no API and no function.

use std::net::Ipv6Addr;

use http::{Request, Version, header, uri::Authority};

/// Whether a request has a path and query of bounded length, and names exactly one host.
pub(crate) fn is_well_formed<B>(request: &Request<B>, url_bytes_max: usize) -> bool {
    let uri = request.uri();
    let url_bytes = uri.path_and_query().map_or(0, |url| url.as_str().len());
    uri.path().starts_with('/') && url_bytes <= url_bytes_max && names_one_host(request)
}

/// Whether a request names exactly one valid host.
///
/// Source: RFC 9112, section 3.2: a request without `Host`, with several or with an invalid one is answered 400.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) => return request.version() == Version::HTTP_10,
        (Some(host), None) => host,
        (Some(_), Some(_)) => return false,
    };
    let Some(host) = host.to_str().ok().filter(|host| is_host(host)) else { return false };
    request.uri().authority().is_none_or(|named| named.as_str().eq_ignore_ascii_case(host))
}

/// Whether a text is a host name or an IP address, with a port or without.
fn is_host(host: &str) -> bool {
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let is_name = match name.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => !name.is_empty() && !name.contains([':', ']']),
    };
    is_plain && is_name && (name.len() == host.len() || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for host in
            ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "[::1]", "my_host.lan", "a-b:65535"]
        {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "", ":", ":80", "a b", "a/b", "a?b", "a#b", "u@h", "a:b", "a:65536", "a:80:80", "::1", "[", "[]",
            "[x]", "[::1", "::1]", "a]", "a,b", "%61", "a\\b", "é", "a:-1", "http://a",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }
}
