//! The web page, served from the binary.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, Response, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Files of `web/`. A release build contains them; another build reads them at each request.
#[derive(RustEmbed)]
#[folder = "../web"]
#[exclude = "test/*"]
struct Page;

/// Content security policy: the page loads, runs and connects to nothing from elsewhere, and no page may frame it.
///
/// It names the page's own host for sockets, since not every browser counts them as `'self'`.
fn security_policy(host: Option<&str>) -> String {
    let is_plain =
        |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    let sockets = host.filter(is_plain).map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    format!(
        "default-src 'self'; connect-src 'self'{sockets}; img-src 'self' data:; style-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Serves the page at `/`.
pub(crate) fn router() -> Router {
    Router::new().fallback(serve)
}

async fn serve(request: Request) -> Response<Body> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(file) = Page::get(path) else {
        return plain(StatusCode::NOT_FOUND, "there is nothing here");
    };
    let etag: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{etag}\"");
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let policy = security_policy(host);
    if request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return with_headers(plain(StatusCode::NOT_MODIFIED, ""), &file, &etag, &policy);
    }
    with_headers(Response::new(Body::from(file.data.clone().into_owned())), &file, &etag, &policy)
}

fn with_headers(
    mut response: Response<Body>,
    file: &EmbeddedFile,
    etag: &str,
    policy: &str,
) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    let mime = file.metadata.mimetype();
    let charset = if mime.starts_with("text/") { "; charset=utf-8" } else { "" };
    if let Ok(mime) = HeaderValue::from_str(&format!("{mime}{charset}")) {
        headers.insert(CONTENT_TYPE, mime);
    }
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
