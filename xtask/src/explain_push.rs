//! `cargo xtask explain-push`: which members were alerted to a message, and why.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::command::{command, read};
use crate::files::Root;
use crate::http;

/// The payload that the AWS CLI passes to the function.
const PAYLOAD: &str = ".tools/explain-push-question.json";

/// The file to which the AWS CLI writes the function's answer.
const ANSWER: &str = ".tools/explain-push-answer.json";

#[derive(Args)]
pub(crate) struct Question {
    /// `dm_…` or `grp_…`
    conversation: String,
    /// Its position in the conversation
    seq: u64,
    /// The local runner
    #[arg(long, default_value = "http://127.0.0.1:8080", conflicts_with = "stack")]
    url: String,
    /// A stack on AWS instead, which the AWS CLI invokes with its own credentials and region
    #[arg(long)]
    stack: Option<String>,
}

pub(crate) fn explain(root: &Root, question: &Question) -> ExitCode {
    let answer = match &question.stack {
        Some(stack) => of_stack(root, stack, question),
        None => of_runner(question),
    };
    match answer.and_then(|answer| table(&answer)) {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn of_runner(Question { conversation, seq, url, .. }: &Question) -> anyhow::Result<Value> {
    let url = url.trim_end_matches('/');
    let answer = http::get(&format!("{url}/dev/pushes/{conversation}/{seq}"))?;
    serde_json::from_str(&answer.body)
        .with_context(|| format!("{url} answers with {}: {}", answer.status, answer.body))
}

fn of_stack(
    root: &Root,
    stack: &str,
    Question { conversation, seq, .. }: &Question,
) -> anyhow::Result<Value> {
    let query = "Stacks[0].Outputs[?OutputKey=='PushFunctionName'].OutputValue";
    let function = read(
        command("aws", root.path())
            .args(["cloudformation", "describe-stacks", "--stack-name", stack])
            .args(["--output", "text", "--query", query]),
    )?;
    let function = function.trim();
    if function.is_empty() {
        bail!("the stack {stack} has no output PushFunctionName");
    }
    fs::create_dir_all(root.join(".tools")).context("cannot make .tools")?;
    let payload = json!({"explain": {"conversation": conversation, "seq": seq}});
    fs::write(root.join(PAYLOAD), payload.to_string()).with_context(|| format!("cannot write {PAYLOAD}"))?;
    // Both versions of the AWS CLI pass a file on unchanged; they handle text differently.
    read(
        command("aws", root.path())
            .args(["lambda", "invoke", "--function-name", function, "--qualifier", "live"])
            .args(["--payload", &format!("fileb://{PAYLOAD}")])
            .arg(root.join(ANSWER)),
    )?;
    let answer = fs::read_to_string(root.join(ANSWER)).with_context(|| format!("cannot read {ANSWER}"))?;
    serde_json::from_str(&answer).with_context(|| format!("the function answers: {answer}"))
}

/// An explanation in lines: each member with the outcome and its reason, and their devices below.
fn table(answer: &Value) -> anyhow::Result<String> {
    let Some(members) = answer["members"].as_array() else {
        let error = answer["error"]["message"].as_str().or_else(|| answer["errorMessage"].as_str());
        bail!("{}", error.map_or_else(|| answer.to_string(), str::to_owned));
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut table = format!(
        "{} {}: {}, sent at {} ms\n",
        text(&answer["conversation"]),
        answer["seq"],
        text(&answer["kind"]),
        answer["sent_at_ms"]
    );
    for member in members {
        let (user, outcome) = (text(&member["user"]), text(&member["outcome"]));
        table.push_str(&format!("{user}  {outcome:<12}  {}\n", text(&member["why"])));
        for device in member["devices"].as_array().into_iter().flatten() {
            let platform = device["platform"].as_str().unwrap_or("-");
            let connected = if device["connected"] == true { "connected" } else { "not connected" };
            table.push_str(&format!("  {}  {platform:<12}  {connected}\n", text(&device["device"])));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_a_line_and_each_device_one_below() {
        let answer = json!({
            "conversation": "dm_1", "seq": 7, "kind": "text", "sent_at_ms": 5,
            "members": [
                {"user": "usr_1", "outcome": "sender", "why": "it is their own message", "devices": []},
                {"user": "usr_2", "outcome": "alerted", "why": "it was written down", "devices": [
                    {"device": "dev_1", "platform": "apns", "connected": false},
                    {"device": "dev_2", "connected": true},
                ]},
            ],
        });
        let expected = "dm_1 7: text, sent at 5 ms\n\
                        usr_1  sender        it is their own message\n\
                        usr_2  alerted       it was written down\n  \
                          dev_1  apns          not connected\n  \
                          dev_2  -             connected\n";
        assert_eq!(table(&answer).unwrap(), expected);
    }

    #[test]
    fn a_refusal_and_a_crash_are_errors() {
        let refused = json!({"error": {"code": "not_found", "message": "no such message"}});
        assert_eq!(table(&refused).unwrap_err().to_string(), "no such message");
        let crashed = json!({"errorType": "X", "errorMessage": "environment: X is missing"});
        assert_eq!(table(&crashed).unwrap_err().to_string(), "environment: X is missing");
    }
}
