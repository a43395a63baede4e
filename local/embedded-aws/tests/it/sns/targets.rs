use super::{APPLICATION, endpoint, messages, publish, refusal, set, start};

#[tokio::test(start_paused = true)]
async fn a_disabled_endpoint_gets_nothing_until_it_is_enabled() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    set(&client, &arn, "Enabled", "false").await;
    let error = client.publish().target_arn(&arn).message("lost").send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_endpoint_disabled_exception(), "{error:?}");
    assert_eq!(error.meta().message(), Some("Endpoint is disabled"));
    set(&client, &arn, "Enabled", "true").await;
    publish(&client, &arn, "kept").await;
    assert_eq!(messages(&sns), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_application_disables_its_endpoints() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    let request = client.set_platform_application_attributes().platform_application_arn(APPLICATION);
    request.attributes("Enabled", "false").send().await.unwrap();
    let error = client.publish().target_arn(&arn).message("lost").send().await.unwrap_err();
    assert!(error.into_service_error().is_platform_application_disabled_exception());
    assert_eq!(messages(&sns), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_gone_is_not_found() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    client.delete_endpoint().endpoint_arn(&arn).send().await.unwrap();
    let error = client.publish().target_arn(&arn).message("lost").send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
    assert_eq!(error.meta().message(), Some("Endpoint does not exist"));
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_to_the_token_of_the_moment() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    publish(&client, &arn, "one").await;
    set(&client, &arn, "Token", "new").await;
    publish(&client, &arn, "two").await;
    let tokens = sns.published().unwrap().into_iter().map(|published| published.token);
    assert_eq!(tokens.collect::<Vec<_>>(), ["token", "new"]);
}

#[tokio::test(start_paused = true)]
async fn topics_and_telephones_are_not_embedded() {
    let (client, sns) = start();
    let request = client.publish().message("lost");
    let topic = "arn:aws:sns:eu-central-1:000000000000:topic";
    for request in [request.clone().topic_arn(topic), request.clone().target_arn(topic)] {
        assert!(request.send().await.unwrap_err().into_service_error().is_not_found_exception());
    }
    for request in [
        request.clone().phone_number("+491701234567"),
        request.clone().target_arn(APPLICATION),
        request.clone().target_arn("no ARN"),
        request,
    ] {
        assert_eq!(refusal!(request.send().await).0, "InvalidParameter");
    }
    assert_eq!(messages(&sns), [""; 0]);
}
