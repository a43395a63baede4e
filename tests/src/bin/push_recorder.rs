//! A stand-in for SNS, for a deployed stack under test: an emulated cloud keeps no pushes that could be read back.
//!
//! `POST /` is the API of SNS; `GET /dev/pushes` lists the pushes that phones would get, as on the local runner.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use clap::Parser;
use confab_embedded_aws::{Service, Sns};
use confab_lambda::clock;
use tokio::net::TcpListener;

/// Largest request. Unit: bytes; SNS takes messages of 256 KiB, which the form's encoding makes longer.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

#[derive(Parser)]
#[command(about = "Records the pushes of a deployed stack under test")]
struct Options {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let sns = Sns::in_memory(clock::now().as_ms())?;
    let api = Router::new().route("/", post(answer)).with_state(sns.clone());
    let listener = TcpListener::bind(options.listen).await?;
    axum::serve(listener, api.merge(confab_local::pushes::recorded(sns))).await?;
    Ok(())
}

async fn answer(State(sns): State<Sns>, request: Request) -> Result<Response, StatusCode> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_BYTES_MAX).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(sns.call(Request::from_parts(head, body)).await.map(Body::from))
}
