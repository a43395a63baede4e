//! The actions of SNS, from a form to an answer.

pub(super) mod applications;
pub(super) mod endpoints;
pub(super) mod publish;

use super::{attributes::Attributes, form::Form, refusal::Refusal, store::Position, xml::Answer};
use crate::clock::Ms;

/// Most members in one answer.
///
/// Source: Amazon SNS API Reference, `ListEndpointsByPlatformApplication` and `ListPlatformApplications`.
const PAGE_MAX: usize = 100;

/// Time and region of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) now: Ms,
    pub(super) region: &'a str,
}

/// Position at which the page before ended.
///
/// # Errors
///
/// [`Refusal`] for a token that no answer has given.
fn page_start(form: &Form) -> Result<Position, Refusal> {
    match form.field("NextToken") {
        Some(token) if !token.is_empty() => {
            token.parse().map(Position).map_err(|_| Refusal::invalid("NextToken"))
        }
        _ => Ok(Position::default()),
    }
}

/// Makes a page of the found members, which are one more than a page if there are more.
fn page(
    name: &'static str,
    arn_name: &'static str,
    mut found: Vec<(Position, (String, Attributes))>,
) -> Answer {
    let has_more = found.len() > PAGE_MAX;
    found.truncate(PAGE_MAX);
    let next_token = found.last().filter(|_| has_more).map(|(position, _)| position.0.to_string());
    let members = found.into_iter().map(|(_, member)| member).collect();
    Answer::Page { name, arn_name, members, next_token }
}
