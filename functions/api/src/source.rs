//! Source addresses of requests.

use std::net::IpAddr;

use axum::http::Extensions;
use lambda_http::request::RequestContext;

/// Address that a request is counted by: an IPv4 address, or the /64 network of an IPv6 address, since one customer has
/// all of it.
pub(crate) fn source_of(extensions: &Extensions) -> String {
    let Some(RequestContext::ApiGatewayV2(context)) = extensions.get::<RequestContext>() else {
        return "unknown".to_owned();
    };
    counted_by(context.http.source_ip.as_deref().unwrap_or("unknown"))
}

fn counted_by(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_ipv6_network_are_counted_together() {
        assert_eq!(counted_by("192.0.2.7"), "192.0.2.7");
        assert_eq!(counted_by("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(counted_by("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
        assert_eq!(counted_by("unknown"), "unknown");
    }
}
