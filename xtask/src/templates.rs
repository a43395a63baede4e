//! Checks of the deployment template, without an account.

use std::fs;

use crate::command::{command, read, run};
use crate::files::Root;
use crate::step::Outcome;
use crate::venv;

/// SAM creates other resources for gradual deployments.
const EXPANSIONS: [&[&str]; 2] = [&[], &["GradualDeployment=true"]];

pub(crate) fn lint(root: &Root) -> anyhow::Result<Outcome> {
    let programs = match venv::programs(root, "sam", "xtask/requirements-sam.txt") {
        Ok(programs) => programs,
        Err(error) => {
            return Ok(Outcome::Skipped(format!("no SAM ({error:#}): template.yaml is not checked")));
        }
    };
    let tool = |name: &str| {
        let mut tool = command(programs.join(name), root.path());
        tool.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0");
        tool
    };
    run(tool("cfn-lint").arg("template.yaml"))?;
    run(tool("sam").args(["validate", "--lint"]))?;

    for parameters in EXPANSIONS {
        let expanded =
            read(tool("python").args(["xtask/expand_template.py", "template.yaml"]).args(parameters))?;
        fs::write(root.join(".tools/template.expanded.json"), expanded)?;
        // cfn-lint does not see the uses of parameters that only SAM reads.
        run(tool("cfn-lint").args([".tools/template.expanded.json", "--ignore-checks", "W2001"]))?;
    }
    Ok(Outcome::Passed)
}
