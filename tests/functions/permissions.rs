//! A function's policy allows what the function does, and nothing else.

use std::collections::BTreeSet;

use confab_embedded_aws::Access;

use crate::{policies, tour};

/// Functions that read the signing secret; they do so at a cold start, which no test has.
const SIGNING: [&str; 2] = ["api", "authorizer"];

/// What every function is seen to do on a tour through all it can do, connections by any id.
async fn used() -> BTreeSet<Access> {
    let seen = Box::pin(tour::accesses()).await.into_iter().filter(|access| access.caller != "bench");
    let mut used: BTreeSet<Access> = seen
        .map(|access| match access.resource.split_once("/@connections/") {
            Some((method, _)) => Access { resource: format!("{method}/@connections/*"), ..access },
            None => access,
        })
        .collect();
    used.extend(SIGNING.map(|function| Access {
        caller: function.to_owned(),
        action: "secretsmanager:GetSecretValue".to_owned(),
        resource: "the signing secret".to_owned(),
    }));
    used
}

#[tokio::test]
async fn every_policy_allows_what_its_function_does_and_nothing_else() {
    let (used, allowed) = (used().await, policies::allowed());
    let missing: Vec<_> = used.difference(&allowed).collect();
    assert!(missing.is_empty(), "template.yaml does not allow {missing:#?}");
    let needless: Vec<_> = allowed.difference(&used).collect();
    assert!(needless.is_empty(), "nothing on the tour needs {needless:#?}");
}
