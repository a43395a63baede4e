//! Creating, changing, listing and removing platform applications.

use super::{Call, PAGE_MAX, page, page_start};
use crate::{
    service::ACCOUNT_ID,
    sns::{
        application::Application, form::Form, platform::Platform, refusal::Refusal, store::Tables,
        xml::Answer,
    },
};

/// Longest name of an application. Source: Amazon SNS API Reference, `CreatePlatformApplication`.
const NAME_CHARACTERS_MAX: usize = 256;

/// Creates an application, or returns the existing one; then the attributes do not matter.
pub(in crate::sns) fn create(tables: &Tables<'_>, form: &Form, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (name, platform) = (form.required("Name")?, form.required("Platform")?);
    let is_name = name.len() <= NAME_CHARACTERS_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !is_name {
        let reason = "must be 1 to 256 letters, digits, underscores, hyphens and periods";
        return Err(Refusal::parameter("Name", reason));
    }
    let Some(platform) = Platform::parse(platform) else {
        return Err(Refusal::parameter("Platform", &format!("{platform} is not supported")));
    };
    let arn = format!("arn:aws:sns:{}:{ACCOUNT_ID}:app/{}/{name}", call.region, platform.name());
    let mut application = Application { arn, platform, is_enabled: true };
    for (attribute, value) in form.attributes()? {
        application.set(attribute, value)?;
    }
    if tables.application(&application.arn)?.is_none() {
        tables.put_application(&application)?;
    }
    Ok(Answer::Text { name: "PlatformApplicationArn", text: application.arn })
}

/// Removes an application and its endpoints; succeeds if there is none.
pub(in crate::sns) fn delete(tables: &Tables<'_>, form: &Form, _: &Call<'_>) -> Result<Answer, Refusal> {
    tables.delete_application(form.required("PlatformApplicationArn")?)?;
    Ok(Answer::Nothing)
}

pub(in crate::sns) fn get_attributes(
    tables: &Tables<'_>,
    form: &Form,
    _: &Call<'_>,
) -> Result<Answer, Refusal> {
    Ok(Answer::Attributes(named_in(form, tables)?.attributes()))
}

pub(in crate::sns) fn set_attributes(
    tables: &Tables<'_>,
    form: &Form,
    _: &Call<'_>,
) -> Result<Answer, Refusal> {
    let mut application = named_in(form, tables)?;
    for (attribute, value) in form.attributes()? {
        application.set(attribute, value)?;
    }
    tables.put_application(&application)?;
    Ok(Answer::Nothing)
}

pub(in crate::sns) fn list(tables: &Tables<'_>, form: &Form, _: &Call<'_>) -> Result<Answer, Refusal> {
    let found = tables.applications_after(page_start(form)?, PAGE_MAX + 1)?;
    let found = found.into_iter().map(|(position, application)| {
        let attributes = application.attributes();
        (position, (application.arn, attributes))
    });
    Ok(page("PlatformApplications", "PlatformApplicationArn", found.collect()))
}

/// Returns the application that the form names.
///
/// # Errors
///
/// [`Refusal`] if the application does not exist.
pub(super) fn named_in(form: &Form, tables: &Tables<'_>) -> Result<Application, Refusal> {
    let arn = form.required("PlatformApplicationArn")?;
    tables.application(arn)?.ok_or_else(Refusal::no_such_application)
}
