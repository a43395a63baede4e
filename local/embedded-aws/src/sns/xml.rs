//! XML answers of AWS's Query protocol.

use std::borrow::Cow;

use aws_smithy_xml::encode::{ScopeWriter, XmlWriter};

use super::{
    attributes::{Attributes, is_character, is_text},
    refusal::Refusal,
};

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Answer of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Nothing,
    /// One element.
    Text {
        name: &'static str,
        text: String,
    },
    Attributes(Attributes),
    /// A page of a list.
    Page {
        name: &'static str,
        /// Name of the element with a member's ARN.
        arn_name: &'static str,
        /// ARN and attributes of each member.
        members: Vec<(String, Attributes)>,
        next_token: Option<String>,
    },
}

/// Document of an answer; `action` is the action's name.
pub(super) fn answer(action: &str, answer: &Answer, request_id: &str) -> String {
    let mut document = String::new();
    let (response, result) = (format!("{action}Response"), format!("{action}Result"));
    let mut writer = XmlWriter::new(&mut document);
    let mut root = writer.start_el(&response).write_ns(NAMESPACE, None).finish();
    match answer {
        Answer::Nothing => {}
        Answer::Text { name, text } => element(&mut root.start_el(&result).finish(), name, text),
        Answer::Attributes(attributes) => entries(&mut root.start_el(&result).finish(), attributes),
        Answer::Page { name, arn_name, members, next_token } => {
            let mut result = root.start_el(&result).finish();
            let mut list = result.start_el(name).finish();
            for (arn, attributes) in members {
                let mut member = list.start_el("member").finish();
                element(&mut member, arn_name, arn);
                entries(&mut member, attributes);
            }
            list.finish();
            if let Some(next_token) = next_token {
                element(&mut result, "NextToken", next_token);
            }
        }
    }
    let mut metadata = root.start_el("ResponseMetadata").finish();
    element(&mut metadata, "RequestId", request_id);
    metadata.finish();
    root.finish();
    document
}

/// Document of a refusal.
pub(super) fn refusal(refusal: &Refusal, request_id: &str) -> String {
    let mut document = String::new();
    let mut writer = XmlWriter::new(&mut document);
    let mut root = writer.start_el("ErrorResponse").write_ns(NAMESPACE, None).finish();
    let mut error = root.start_el("Error").finish();
    let fault = if refusal.status.is_server_error() { "Receiver" } else { "Sender" };
    element(&mut error, "Type", fault);
    element(&mut error, "Code", refusal.code);
    element(&mut error, "Message", &refusal.message);
    error.finish();
    element(&mut root, "RequestId", request_id);
    root.finish();
    document
}

fn entries(parent: &mut ScopeWriter<'_, '_>, attributes: &Attributes) {
    let mut map = parent.start_el("Attributes").finish();
    for (name, value) in attributes {
        let mut entry = map.start_el("entry").finish();
        element(&mut entry, "key", name);
        element(&mut entry, "value", value);
    }
}

/// Writes a text. Characters that XML cannot represent, which a refusal's message may have, are replaced.
fn element(parent: &mut ScopeWriter<'_, '_>, name: &str, text: &str) {
    let replaced = |character| if is_character(character) { character } else { char::REPLACEMENT_CHARACTER };
    let text =
        if is_text(text) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(replaced).collect()) };
    parent.start_el(name).finish().data(&text);
}
