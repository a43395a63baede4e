//! `cargo xtask test`: every check of the repository, cheapest first.

use std::process::ExitCode;

use crate::files::Root;
use crate::step::{self, Step};
use crate::{browser, cloud, descriptions, rust, supply_chain, templates, web};

const STEPS: [Step; 12] = [
    Step { name: "fmt", run: rust::fmt },
    Step { name: "clippy", run: rust::clippy },
    Step { name: "build", run: rust::build },
    Step { name: "rust", run: rust::tests },
    Step { name: "doctest", run: rust::doctests },
    Step { name: "web", run: web::tests },
    Step { name: "browser", run: browser::tests },
    Step { name: "descriptions", run: descriptions::tests },
    Step { name: "templates", run: templates::lint },
    Step { name: "cloud", run: cloud::suite },
    Step { name: "deny", run: supply_chain::policy },
    Step { name: "advisories", run: supply_chain::advisories },
];

pub(crate) fn step_names() -> [&'static str; STEPS.len()] {
    STEPS.each_ref().map(|step| step.name)
}

/// Runs the named steps, or all steps if none is named.
pub(crate) fn run(names: &[String]) -> ExitCode {
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect();
    step::run_all(&Root::of_repository(), &chosen, !names.is_empty())
}
