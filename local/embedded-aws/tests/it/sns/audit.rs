use confab_embedded_aws::{Audit, EmbeddedAws, Sns, signing_name};

use super::{EPOCH_MS, client_over, create, endpoint, publish, set};

#[tokio::test(start_paused = true)]
async fn an_audit_names_actions_and_resources_as_a_policy_does() {
    let audit = Audit::default();
    let sns = Sns::in_memory(EPOCH_MS).unwrap();
    let aws = EmbeddedAws::builder().service(signing_name::SNS, sns).audit(audit.clone()).build();
    let client = client_over(&aws);
    let first = endpoint(&client).await;
    let second = create(&client, super::APPLICATION, "other").await;
    for arn in [first, second] {
        set(&client, &arn, "Enabled", "true").await;
        publish(&client, &arn, "hi").await;
    }
    let accesses = audit.accesses();
    let accesses = accesses.iter().map(|access| (access.action.as_str(), access.resource.as_str()));
    assert_eq!(
        accesses.collect::<Vec<_>>(),
        [
            ("sns:CreatePlatformApplication", ""),
            ("sns:CreatePlatformEndpoint", "app/GCM/things"),
            ("sns:Publish", "endpoint/GCM/things/*"),
            ("sns:SetEndpointAttributes", "endpoint/GCM/things/*"),
        ]
    );
}
