//! Checks of `openapi.json` with other tools: it is validated, linted, made into clients that chat, and tested against
//! the server.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::Context;

use crate::command::{command, run};
use crate::files::{self, Root};
use crate::step::Outcome;
use crate::{http, venv, web};

pub(crate) fn tests(root: &Root) -> anyhow::Result<Outcome> {
    let untested = "openapi.json is not tried with others' tools";
    if let Some(lack) = web::lacks_node(root) {
        return Ok(Outcome::Skipped(format!("{lack}: {untested}")));
    }
    let programs = match venv::programs(root, "openapi", "xtask/requirements-openapi.txt") {
        Ok(programs) => programs,
        Err(error) => return Ok(Outcome::Skipped(format!("no tools of Python ({error:#}): {untested}"))),
    };
    let folder = root.join("tests/openapi");
    web::install_packages(&folder)?;

    let server = Server::start(root)?;
    let document = http::get(&format!("{}/v1/openapi.json", server.address))?;
    anyhow::ensure!(document.status == 200, "openapi.json was answered with {}", document.status);
    let generated = folder.join("generated");
    fs::create_dir_all(&generated)?;
    fs::write(generated.join("openapi.json"), document.body)?;

    let tool = |name: &str| {
        let mut tool = command(programs.join(name), &folder);
        tool.env("PYTHONPATH", "generated:.").env("PYTHONDONTWRITEBYTECODE", "1");
        tool
    };
    run(tool("openapi-spec-validator").arg("generated/openapi.json"))?;
    chat_by_typescript(&folder, &server.address)?;
    run(tool("openapi-python-client").args([
        "generate",
        "--path=generated/openapi.json",
        "--output-path=generated/confab_client",
        "--meta=none",
        "--config=python-client.yaml",
        "--overwrite",
        "--fail-on-warning",
    ]))?;
    run(tool("python").args(["chat.py", &server.address]))?;
    run(tool("schemathesis")
        .args([
            "--config-file=schemathesis.toml",
            "run",
            "generated/openapi.json",
            "--no-color",
            "--warnings=off",
        ])
        .args(["--url", &server.address])
        .env("SCHEMATHESIS_HOOKS", "hooks"))?;
    Ok(Outcome::Passed)
}

fn chat_by_typescript(folder: &Path, address: &str) -> anyhow::Result<()> {
    for script in ["lint", "generate", "compile"] {
        run(command("npm", folder).args(["run", "--silent", script]))?;
    }
    run(command("npm", folder).args(["run", "--silent", "chat", "--", address]))
}

/// A local runner without stored data, until it is dropped.
struct Server {
    process: Child,
    /// Without a trailing slash.
    address: String,
}

impl Server {
    fn start(root: &Root) -> anyhow::Result<Self> {
        let mut process = command(files::built_program("confab")?, root.path())
            .args(["--memory", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start confab")?;
        let output = process.stdout.take().context("confab has no output")?;
        let mut server = Self { process, address: String::new() };
        for line in BufReader::new(output).lines() {
            if let Some(address) = ready_address(&line?) {
                address.clone_into(&mut server.address);
                return Ok(server);
            }
        }
        anyhow::bail!("confab ended before it was ready")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then the checks have failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The HTTP address in the line that reports the runner ready.
fn ready_address(line: &str) -> Option<&str> {
    line.strip_prefix("CONFAB_READY ")?.split(' ').find_map(|word| word.strip_prefix("http="))
}

#[cfg(test)]
mod tests {
    use super::ready_address;

    #[test]
    fn the_address_is_read_from_the_line_for_programs() {
        let line = "CONFAB_READY http=http://127.0.0.1:8080 ws=ws://127.0.0.1:8080/ws";
        assert_eq!(ready_address(line), Some("http://127.0.0.1:8080"));
        assert_eq!(ready_address("open http://127.0.0.1:8080"), None);
    }
}
