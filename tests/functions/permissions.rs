//! A function's policy allows what the function does, and nothing else.

use std::collections::BTreeSet;

use confab_embedded_aws::Access;

use crate::clients::TABLE_PREFIX;
use crate::{policies, tour};

/// Functions that read the signing secret. They read it at a cold start, which no test has.
const SIGNING: [&str; 2] = ["api", "authorizer"];

/// Called by CloudFormation only, which the tour does not do.
const DEPLOYING: &str = "push-platforms";

/// The calls of every function on a tour through everything it can do; connections by any id, phones of any platform.
async fn used() -> BTreeSet<Access> {
    let seen = Box::pin(tour::accesses()).await.into_iter().filter(|access| access.caller != "bench");
    let mut used: BTreeSet<Access> = seen
        .map(|access| match access.resource.split_once("/@connections/") {
            Some((method, _)) => Access { resource: format!("{method}/@connections/*"), ..access },
            None => Access { resource: of_any_platform(&access.resource), ..access },
        })
        .collect();
    used.extend(SIGNING.map(|function| Access {
        caller: function.to_owned(),
        action: "secretsmanager:GetSecretValue".to_owned(),
        resource: "the signing secret".to_owned(),
    }));
    // A failed creation of a group is undone in the store, which the tour does not do.
    used.insert(Access {
        caller: "api".to_owned(),
        action: "dynamodb:DeleteItem".to_owned(),
        resource: format!("{TABLE_PREFIX}inboxes"),
    });
    used
}

/// `endpoint/GCM/test/*` as `endpoint/*/test/*`: a policy names all platforms in one resource.
fn of_any_platform(resource: &str) -> String {
    resource.replace("/GCM/", "/*/").replace("/APNS/", "/*/")
}

/// Whether IAM may ask for the application where the audit sees its endpoint; the service reference names neither.
fn is_application_of_used(access: &Access, used: &BTreeSet<Access>) -> bool {
    let endpoints = access.resource.strip_prefix("app/").map(|name| format!("endpoint/{name}/*"));
    let named_by_nobody = ["sns:SetEndpointAttributes", "sns:DeleteEndpoint"];
    named_by_nobody.contains(&access.action.as_str())
        && endpoints.is_some_and(|resource| used.contains(&Access { resource, ..access.clone() }))
}

#[tokio::test]
async fn every_policy_allows_what_its_function_does_and_nothing_else() {
    let (used, mut allowed) = (used().await, policies::allowed());
    allowed.retain(|access| access.caller != DEPLOYING && !is_application_of_used(access, &used));
    let missing: Vec<_> = used.difference(&allowed).collect();
    assert!(missing.is_empty(), "template.yaml does not allow {missing:#?}");
    let needless: Vec<_> = allowed.difference(&used).collect();
    assert!(needless.is_empty(), "nothing on the tour needs {needless:#?}");
}
