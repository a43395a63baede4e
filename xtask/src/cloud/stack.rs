//! The stack, by SAM's commands with the environment `local` of `samconfig.toml`.

use std::env;
use std::process::Command;

use anyhow::Context;

use crate::command::{command, read, run};
use crate::files::{self, Root};
use crate::venv;

use super::ministack::{self, MiniStack};
use super::recorder;

/// The Python environment and its requirements.
pub(crate) const TOOLS: (&str, &str) = ("sam", "xtask/requirements-sam.txt");

/// The name in `samconfig.toml`.
pub(crate) const NAME: &str = "confab-local";

/// Presence times of the stack, so short that tests need not wait for minutes: parameters of the template, the
/// variables of the suite with the same values, and seconds.
pub(crate) const PRESENCE: [(&str, &str, u32); 2] = [
    ("HeartbeatSeconds", "CONFAB_TEST_HEARTBEAT_SECONDS", 2),
    ("PresenceTimeoutSeconds", "CONFAB_TEST_PRESENCE_TIMEOUT_SECONDS", 8),
];

/// Credentials that no platform accepts, each a file in Base64: the recorder in place of SNS accepts any.
const CREDENTIALS: [&str; 6] = [
    // -----BEGIN PRIVATE KEY-----
    "ApnsKey=LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
    "ApnsKeyId=KEY1234567",
    "ApnsTeamId=TEAM123456",
    "ApnsBundleId=com.example.chat",
    // {"type":"service_account","private_key_id":"ab12"}
    "FcmServiceAccount=eyJ0eXBlIjoic2VydmljZV9hY2NvdW50IiwicHJpdmF0ZV9rZXlfaWQiOiJhYjEyIn0=",
    "FcmKeyId=ab12",
];

pub(crate) struct Addresses {
    pub(crate) http: String,
    pub(crate) ws: String,
}

/// Builds every function.
///
/// Builds without optimisation and with plain Cargo, unless for a release: the functions run on this machine, so they
/// need neither Zig nor an old glibc.
pub(crate) fn build(root: &Root, release: bool) -> anyhow::Result<()> {
    let mut build = sam(root)?;
    build.args(["build", "--config-env", "local"]);
    if !release {
        build.env("SAM_BUILD_MODE", "debug").env("CARGO_LAMBDA_COMPILER", "cargo");
    }
    run(&mut build)?;
    if !release {
        // Stripping leaves a third of the bytes to pack and to copy. Without `strip`, deployment only takes longer.
        let binaries = files::find(&root.join(".aws-sam/build"), |name| name == "bootstrap")?;
        if let Err(error) = read(command("strip", root.path()).args(binaries)) {
            println!("symbols stay: {error:#}");
        }
    }
    Ok(())
}

pub(crate) fn deploy(root: &Root) -> anyhow::Result<()> {
    let gateway = format!("LocalGateway={}", MiniStack::address());
    let sns = format!("SnsEndpoint={}", recorder::endpoint());
    run(sam(root)?
        .args(["deploy", "--config-env", "local", "--no-progressbar", "--parameter-overrides"])
        .args(["Cloud=local", "Architecture=x86_64", "WebSocketLog=off", &gateway, &sns])
        .args(CREDENTIALS)
        // For MiniStack, all tests come from one address.
        .arg("SignupBurst=100000")
        // The limits of the local runner, for which the tests are written.
        .args(["MessageBurst=1000", "MessagesPerSecond=200", "FrameBurst=200", "FramesPerSecond=40"])
        .arg("GroupsPerDay=1000")
        .args(PRESENCE.map(|(parameter, _, seconds)| format!("{parameter}={seconds}"))))
}

/// The outputs of the deployed stack.
pub(crate) fn addresses(root: &Root) -> anyhow::Result<Addresses> {
    let outputs = read(sam(root)?.args(["list", "stack-outputs", "--stack-name", NAME, "--output", "json"]))?;
    Ok(Addresses { http: output(&outputs, "HttpUrl")?, ws: output(&outputs, "WebSocketUrl")? })
}

/// The value of an output in the result of `sam list stack-outputs --output json`.
fn output(json: &str, key: &str) -> anyhow::Result<String> {
    let of_key = json.split_once(&format!("\"OutputKey\": \"{key}\""));
    let value = of_key.and_then(|(_, rest)| rest.split_once("\"OutputValue\": \""));
    let value = value.and_then(|(_, rest)| rest.split_once('"'));
    let (value, _) = value.with_context(|| format!("the stack has no output {key}: {json}"))?;
    Ok(value.to_owned())
}

/// The logs of the functions, oldest first.
pub(crate) fn logs(root: &Root) -> anyhow::Result<String> {
    read(ministack::script(root, "logs.py")?.arg(NAME))
}

/// Deletes the stack, and prints what is left.
///
/// # Errors
///
/// If the deletion fails, or anything is left but the tables that the template retains.
pub(crate) fn delete(root: &Root) -> anyhow::Result<()> {
    run(sam(root)?.args(["delete", "--no-prompts", "--stack-name", NAME, "--region", "us-east-1"]))?;
    run(ministack::script(root, "left.py")?.env("AWS_ENDPOINT_URL_SNS", recorder::endpoint()).arg(NAME))
}

fn sam(root: &Root) -> anyhow::Result<Command> {
    let programs = venv::programs(root, TOOLS.0, TOOLS.1)?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(programs.clone()).chain(env::split_paths(&path)))
        .context("a folder of PATH holds a colon")?;
    let mut sam = command(programs.join("sam"), root.path());
    sam.envs(ministack::environment()).env("PATH", path);
    Ok(sam)
}

#[cfg(test)]
mod tests {
    use super::output;

    const OUTPUTS: &str =
        r#"[{"OutputKey": "HttpUrl", "Description": "d", "OutputValue": "http://h/$default"}]"#;

    #[test]
    fn an_output_is_found_by_its_key() {
        assert_eq!(output(OUTPUTS, "HttpUrl").ok().as_deref(), Some("http://h/$default"));
        assert!(output(OUTPUTS, "WebSocketUrl").is_err());
    }
}
