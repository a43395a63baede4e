//! Creating, changing, listing and removing endpoints.

use super::{Call, PAGE_MAX, applications, page, page_start};
use crate::{
    random_id,
    sns::{endpoint::Endpoint, form::Form, refusal::Refusal, store::Tables, xml::Answer},
};

/// Creates an endpoint, or returns the existing one with the same token.
///
/// The existing one is returned only if it has the attributes that a new one would have. So after it was disabled, a
/// request without attributes is refused.
pub(in crate::sns) fn create(tables: &Tables<'_>, form: &Form, _: &Call<'_>) -> Result<Answer, Refusal> {
    let application = applications::named_in(form, tables)?;
    let mut wanted = Endpoint {
        arn: String::new(),
        application: application.arn.clone(),
        token: String::new(),
        is_enabled: true,
        user_data: String::new(),
    };
    wanted.set("Token", form.required("Token")?)?;
    for (attribute, value) in form.attributes()? {
        wanted.set(attribute, value)?;
    }
    if let Some(user_data) = form.field("CustomUserData") {
        wanted.set("CustomUserData", user_data)?;
    }
    match tables.endpoint_with_token(&application.arn, &wanted.token)? {
        Some(found) => {
            wanted.arn.clone_from(&found.arn);
            if found != wanted {
                return Err(Refusal::token_taken(&found.arn));
            }
        }
        None => {
            let id = random_id::random().map_err(|_| Refusal::internal())?;
            wanted.arn = application.endpoint_arn(&id);
            tables.put_endpoint(&wanted)?;
        }
    }
    Ok(Answer::Text { name: "EndpointArn", text: wanted.arn })
}

/// Removes an endpoint; succeeds if there is none.
pub(in crate::sns) fn delete(tables: &Tables<'_>, form: &Form, _: &Call<'_>) -> Result<Answer, Refusal> {
    tables.delete_endpoint(form.required("EndpointArn")?)?;
    Ok(Answer::Nothing)
}

pub(in crate::sns) fn get_attributes(
    tables: &Tables<'_>,
    form: &Form,
    _: &Call<'_>,
) -> Result<Answer, Refusal> {
    let endpoint = tables.endpoint(form.required("EndpointArn")?)?;
    Ok(Answer::Attributes(endpoint.ok_or_else(Refusal::no_such_endpoint)?.attributes()))
}

/// Changes attributes, all or none. A token that another endpoint of the application has is refused: a device is one
/// endpoint.
pub(in crate::sns) fn set_attributes(
    tables: &Tables<'_>,
    form: &Form,
    _: &Call<'_>,
) -> Result<Answer, Refusal> {
    let endpoint = tables.endpoint(form.required("EndpointArn")?)?;
    let mut endpoint = endpoint.ok_or_else(Refusal::no_such_endpoint)?;
    for (attribute, value) in form.attributes()? {
        endpoint.set(attribute, value)?;
    }
    let holder = tables.endpoint_with_token(&endpoint.application, &endpoint.token)?;
    if let Some(other) = holder.filter(|holder| holder.arn != endpoint.arn) {
        return Err(Refusal::token_taken(&other.arn));
    }
    tables.put_endpoint(&endpoint)?;
    Ok(Answer::Nothing)
}

pub(in crate::sns) fn list(tables: &Tables<'_>, form: &Form, _: &Call<'_>) -> Result<Answer, Refusal> {
    let application = applications::named_in(form, tables)?;
    let found = tables.endpoints_after(&application.arn, page_start(form)?, PAGE_MAX + 1)?;
    let found = found.into_iter().map(|(position, endpoint)| {
        let attributes = endpoint.attributes();
        (position, (endpoint.arn, attributes))
    });
    Ok(page("Endpoints", "EndpointArn", found.collect()))
}
