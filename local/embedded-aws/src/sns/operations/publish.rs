//! Publishing to one endpoint.

use super::Call;
use crate::{
    random_id,
    sns::{Published, form::Form, message, refusal::Refusal, store::Tables, xml::Answer},
};

/// Accepts a message for one device.
pub(in crate::sns) fn publish(tables: &Tables<'_>, form: &Form, call: &Call<'_>) -> Result<Answer, Refusal> {
    let arn = target(form)?;
    let text = form.field("Message").unwrap_or_default();
    let attributes = form.message_attributes()?;
    message::check(text, &attributes)?;

    let endpoint = tables.endpoint(arn)?.ok_or_else(Refusal::no_such_endpoint)?;
    let application = tables.application(&endpoint.application)?.ok_or_else(Refusal::no_such_application)?;
    let platform = application.platform;
    let text = match form.field("MessageStructure") {
        None | Some("") => text.to_owned(),
        Some("json") => message::for_platform(text, platform)?,
        Some(_) => return Err(Refusal::invalid("MessageStructure")),
    };
    if !application.is_enabled {
        return Err(Refusal::application_disabled());
    }
    if !endpoint.is_enabled {
        return Err(Refusal::endpoint_disabled());
    }
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    tables.keep(&Published {
        endpoint: endpoint.arn,
        platform: platform.name().to_owned(),
        token: endpoint.token,
        message: text,
        attributes: attributes.into_iter().map(|(name, attribute)| own((name, attribute.value))).collect(),
        sent_at_ms: call.now,
    })?;
    let id = random_id::random().map_err(|_| Refusal::internal())?;
    Ok(Answer::Text { name: "MessageId", text: id })
}

/// ARN of the endpoint.
///
/// # Errors
///
/// [`Refusal`] for topics and phone numbers, which are not embedded.
fn target(form: &Form) -> Result<&str, Refusal> {
    if form.field("PhoneNumber").is_some() {
        return Err(Refusal::parameter("PhoneNumber", "text messages are not embedded"));
    }
    let Some(arn) = form.field("TopicArn").or_else(|| form.field("TargetArn")) else {
        return Err(Refusal::missing("TopicArn or TargetArn"));
    };
    match arn.splitn(6, ':').nth(5) {
        Some(resource) if resource.starts_with("endpoint/") => Ok(arn),
        Some(topic) if !topic.contains('/') => Err(Refusal::no_such_topic()),
        _ => Err(Refusal::parameter("TargetArn", "not the ARN of an endpoint")),
    }
}
