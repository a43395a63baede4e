//! Tests whether a permission is needed: the suite must fail without it.

use std::str::FromStr;

use anyhow::bail;

use crate::command::run;
use crate::files::Root;

use super::{Failures, ministack, stack, test};

const SCRIPT: &str = "permission.py";
/// The exit status by which nextest reports that tests ran and some failed, unlike any other failure.
const TESTS_FAILED: &str = "exit status: 100";
const SAVED: &str = ".tools/cloud/policy.json";

/// A permission of one function for one kind of resource.
#[derive(Clone)]
pub(crate) struct Permission {
    function: String,
    action: String,
    resource: String,
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.splitn(4, ':').collect::<Vec<_>>()[..] {
            [function, service, action, resource] => Ok(Self {
                function: function.to_owned(),
                action: format!("{service}:{action}"),
                resource: resource.to_owned(),
            }),
            _ => Err("use the form SendFunction:dynamodb:PutItem:MessagesTable".to_owned()),
        }
    }
}

/// Every permission of the deployed functions.
pub(crate) fn list(root: &Root) -> anyhow::Result<()> {
    run(ministack::script(root, SCRIPT)?.args(["list", stack::NAME]))
}

/// Runs the suite without a permission, and restores it afterwards.
pub(crate) fn test_without(root: &Root, permission: &Permission) -> anyhow::Result<()> {
    let Permission { function, action, resource } = permission;
    run(ministack::script(root, SCRIPT)?.args(["remove", stack::NAME, SAVED, function, action, resource]))?;
    let result = test(root, Failures::Any);
    run(ministack::script(root, SCRIPT)?.args(["restore", SAVED]))?;
    match result {
        Ok(()) => bail!("the suite passes although {function} may not {action} on {resource}"),
        // A suite that could not run proves nothing.
        Err(error) if !error.to_string().ends_with(TESTS_FAILED) => return Err(error),
        Err(_) => {}
    }
    println!("the suite fails, as it should: {function} needs {action} on {resource}");
    Ok(())
}
