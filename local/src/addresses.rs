//! Addresses on the command line.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use anyhow::Context;
use axum::http::{HeaderValue, Uri};

/// Address to listen on: a name or an IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "give an address or a name, and a port: 127.0.0.1:8080, [::1]:8080 or localhost:8080";
        let (host, port) = text.rsplit_once(':').ok_or(SHAPE)?;
        let port = port.parse().map_err(|_| SHAPE)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let host = match host.strip_prefix('[') {
            Some(ip) => ip.strip_suffix(']').filter(|ip| ip.parse::<Ipv6Addr>().is_ok()).ok_or(SHAPE)?,
            None if !host.is_empty() && host.bytes().all(is_plain) => host,
            None => return Err(SHAPE),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Listen {
    /// Resolves the name. IPv4 addresses come first, since most clients try them first.
    ///
    /// # Errors
    ///
    /// For people: the name has no address.
    pub(crate) async fn resolve(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found =
            found.with_context(|| format!("cannot listen on {self}: {} has no address", self.host))?;
        let mut addresses: Vec<SocketAddr> = found.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.dedup();
        Ok(addresses)
    }
}

/// Address by which clients reach the runner, such as `https://chat.example`, if it is not the one it listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    is_secure: bool,
    authority: String,
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "give the scheme and the host, and no path: https://chat.example or http://192.168.1.7:8080";
        let (is_secure, authority) = origin(text.strip_suffix('/').unwrap_or(text)).ok_or(SHAPE)?;
        Ok(Self { is_secure, authority })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http{}://{}", if self.is_secure { "s" } else { "" }, self.authority)
    }
}

impl PublicUrl {
    /// URL of the WebSocket API.
    pub(crate) fn websocket(&self, path: &str) -> String {
        format!("ws{}://{}{path}", if self.is_secure { "s" } else { "" }, self.authority)
    }
}

/// Origins whose pages may call the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Every origin.
    Any,
    /// One origin, such as `https://app.example`.
    Only(HeaderValue),
}

impl FromStr for AllowedOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "give an origin as browsers do, without a path: https://app.example; or `any`";
        if text == "any" || text == "*" {
            return Ok(Self::Any);
        }
        origin(text).ok_or(SHAPE)?;
        HeaderValue::from_str(text).map(Self::Only).map_err(|_| SHAPE)
    }
}

/// Splits an origin into whether it is https, and the host; `None` if it holds anything else.
fn origin(text: &str) -> Option<(bool, String)> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?.as_str();
    let is_secure = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let (scheme, rest) = text.split_once("://")?;
    let is_whole = scheme.eq_ignore_ascii_case(uri.scheme_str()?) && rest == authority;
    (is_whole && !authority.contains('@')).then(|| (is_secure, authority.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_takes_names_and_addresses_with_a_port() {
        for text in ["127.0.0.1:0", "localhost:8080", "[::1]:8080", "my-host.lan:1"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in
            ["", "localhost", ":80", "::1:80", "[::1]", "[x]:1", "a:65536", "a:-1", "a b:1", "http://a:1"]
        {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_url_gives_the_address_of_sockets() {
        for (text, expected) in [
            ("https://chat.example", "wss://chat.example/ws"),
            ("https://chat.example/", "wss://chat.example/ws"),
            ("http://[::1]:8080", "ws://[::1]:8080/ws"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().websocket("/ws"), expected);
        }
        for text in [
            "",
            "chat.example",
            "ws://a",
            "https://",
            "https://u@a",
            "https://a/b",
            "https://a?b",
            "https://a#b",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_has_the_form_that_browsers_send() {
        assert_eq!("any".parse(), Ok(AllowedOrigin::Any));
        assert_eq!("*".parse(), Ok(AllowedOrigin::Any));
        let only = AllowedOrigin::Only(HeaderValue::from_static("https://app.example:1"));
        assert_eq!("https://app.example:1".parse(), Ok(only));
        for text in ["", "app.example", "https://app.example/", "https://a b", "null", "ftp://a"] {
            assert!(text.parse::<AllowedOrigin>().is_err(), "{text}");
        }
    }
}
