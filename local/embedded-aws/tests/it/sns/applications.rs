use super::{APPLICATION, create_application, endpoint, refusal, start};

#[tokio::test(start_paused = true)]
async fn an_application_is_made_once_per_platform_and_name() {
    let (client, _) = start();
    for platform in ["ADM", "APNS", "APNS_SANDBOX", "GCM"] {
        let arn = create_application(&client, platform, "things").await;
        assert_eq!(arn, format!("arn:aws:sns:eu-central-1:000000000000:app/{platform}/things"));
        assert_eq!(create_application(&client, platform, "things").await, arn);
    }
    let answer = client.list_platform_applications().send().await.unwrap();
    assert_eq!(answer.platform_applications().len(), 4);
    assert_eq!(answer.next_token(), None);
}

#[tokio::test(start_paused = true)]
async fn a_platform_or_a_name_that_sns_does_not_take_is_refused() {
    let (client, _) = start();
    for (platform, name) in [("MPNS", "things"), ("GCM", "no spaces"), ("GCM", &"n".repeat(257))] {
        let request = client.create_platform_application().platform(platform).name(name);
        let error = request.attributes("PlatformCredential", "secret").send().await.unwrap_err();
        assert!(error.into_service_error().is_invalid_parameter_exception(), "{platform} {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_can_be_disabled_and_shows_no_credentials() {
    let (client, _) = start();
    endpoint(&client).await;
    let request = client.set_platform_application_attributes().platform_application_arn(APPLICATION);
    let request = request.attributes("Enabled", "false").attributes("PlatformCredential", "other");
    request.send().await.unwrap();
    let request = client.get_platform_application_attributes().platform_application_arn(APPLICATION);
    let attributes = request.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes, [("Enabled".to_owned(), "false".to_owned())].into());
}

#[tokio::test(start_paused = true)]
async fn creating_a_disabled_application_again_does_not_enable_it() {
    let (client, _) = start();
    endpoint(&client).await;
    let request = client.set_platform_application_attributes().platform_application_arn(APPLICATION);
    request.attributes("Enabled", "false").send().await.unwrap();
    create_application(&client, "GCM", "things").await;
    let applications = client.list_platform_applications().send().await.unwrap().platform_applications;
    assert_eq!(applications.unwrap()[0].attributes().unwrap()["Enabled"], "false");
}

#[tokio::test(start_paused = true)]
async fn attributes_that_are_unknown_or_of_no_such_value_are_refused() {
    let (client, _) = start();
    endpoint(&client).await;
    for (name, value) in [("Colour", "red"), ("Enabled", "perhaps")] {
        let request = client.set_platform_application_attributes().platform_application_arn(APPLICATION);
        let (code, message) = refusal!(request.attributes(name, value).send().await);
        assert_eq!(code, "InvalidParameter");
        assert!(message.ends_with(name), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_gone_has_no_endpoints_and_can_be_deleted_again() {
    let (client, _) = start();
    let endpoint = endpoint(&client).await;
    for _ in 0..2 {
        let request = client.delete_platform_application().platform_application_arn(APPLICATION);
        request.send().await.unwrap();
    }
    let error = client.get_endpoint_attributes().endpoint_arn(endpoint).send().await.unwrap_err();
    assert!(error.into_service_error().is_not_found_exception());
    let request = client.list_endpoints_by_platform_application().platform_application_arn(APPLICATION);
    assert!(request.send().await.unwrap_err().into_service_error().is_not_found_exception());
    let request = client.create_platform_endpoint().platform_application_arn(APPLICATION).token("token");
    let expected = ("NotFound".to_owned(), "PlatformApplication does not exist".to_owned());
    assert_eq!(refusal!(request.send().await), expected);
}
