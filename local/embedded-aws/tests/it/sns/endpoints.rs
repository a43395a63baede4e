use super::{APPLICATION, attributes, create, create_application, endpoint, refusal, set, start};

#[tokio::test(start_paused = true)]
async fn an_endpoint_has_an_arn_of_its_application_and_is_enabled() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let id = arn.strip_prefix("arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/things/").unwrap();
    assert_eq!(id.len(), 36, "{id} is a UUID");
    let expected = [("Enabled", "true"), ("Token", "token")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(attributes(&client, &arn).await, expected.into());
}

#[tokio::test(start_paused = true)]
async fn the_same_token_with_the_same_attributes_is_the_same_endpoint() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    assert_eq!(create(&client, APPLICATION, "token").await, arn);
    let request = client.create_platform_endpoint().platform_application_arn(APPLICATION).token("token");
    let again = request.attributes("Enabled", "true").send().await.unwrap();
    assert_eq!(again.endpoint_arn(), Some(arn.as_str()));
    assert_ne!(create(&client, APPLICATION, "other").await, arn);
}

#[tokio::test(start_paused = true)]
async fn the_same_token_in_two_applications_is_two_endpoints() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let other = create_application(&client, "APNS", "things").await;
    assert_ne!(create(&client, &other, "token").await, arn);
}

#[tokio::test(start_paused = true)]
async fn the_same_token_with_other_user_data_is_refused_with_the_endpoint_that_has_it() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let request = client.create_platform_endpoint().platform_application_arn(APPLICATION).token("token");
    let error = request.custom_user_data("ann").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception(), "{error:?}");
    let expected = format!(
        "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, \
         but different attributes."
    );
    assert_eq!(error.meta().message(), Some(expected.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_endpoint_differs_from_a_new_one() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    set(&client, &arn, "Enabled", "false").await;
    let request = client.create_platform_endpoint().platform_application_arn(APPLICATION).token("token");
    let (code, message) = refusal!(request.clone().send().await);
    assert_eq!(code, "InvalidParameter");
    assert!(message.contains(&arn), "{message}");
    let disabled = request.attributes("Enabled", "false").send().await.unwrap();
    assert_eq!(disabled.endpoint_arn(), Some(arn.as_str()));
}

#[tokio::test(start_paused = true)]
async fn token_state_and_user_data_can_be_set() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let request = client.set_endpoint_attributes().endpoint_arn(&arn).attributes("Token", "new");
    request.attributes("Enabled", "False").attributes("CustomUserData", "ann").send().await.unwrap();
    let found = attributes(&client, &arn).await;
    let of = |name: &str| found[name].as_str();
    assert_eq!([of("Token"), of("Enabled"), of("CustomUserData")], ["new", "false", "ann"]);
    assert_ne!(create(&client, APPLICATION, "token").await, arn, "the old token is free");
}

#[tokio::test(start_paused = true)]
async fn a_token_cannot_be_taken_from_another_endpoint() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let other = create(&client, APPLICATION, "other").await;
    let request = client.set_endpoint_attributes().endpoint_arn(&other).attributes("Token", "token");
    let (code, message) = refusal!(request.attributes("Enabled", "false").send().await);
    assert_eq!(code, "InvalidParameter");
    assert!(message.contains(&arn), "{message}");
    let found = attributes(&client, &other).await;
    assert_eq!((found["Token"].as_str(), found["Enabled"].as_str()), ("other", "true"));
}

#[tokio::test(start_paused = true)]
async fn attributes_that_are_unknown_or_out_of_bounds_are_refused() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let (long_token, long_data) = ("t".repeat(4097), "d".repeat(2049));
    for (name, value) in [
        ("Colour", "red"),
        ("Enabled", "perhaps"),
        ("Token", ""),
        ("Token", &long_token),
        ("CustomUserData", &long_data),
        ("CustomUserData", "\u{1}"),
    ] {
        let request = client.set_endpoint_attributes().endpoint_arn(&arn).attributes(name, value);
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_parameter_exception(), "{name}: {error:?}");
    }
    set(&client, &arn, "Token", &long_token[1..]).await;
    set(&client, &arn, "CustomUserData", &long_data[1..]).await;
}

#[tokio::test(start_paused = true)]
async fn odd_characters_come_back_as_they_were() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    for odd in
        ["a&b=c", "<tag attribute=\"'\">", "]]>", "🦀 é", "one\ntwo\r\n\tthree ", "1 + 1 = 100%25 %", ""]
    {
        set(&client, &arn, "CustomUserData", odd).await;
        let found = attributes(&client, &arn).await;
        assert_eq!(found.get("CustomUserData").map_or("", String::as_str), odd);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_endpoint_is_not_found_and_can_be_deleted_again() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    for _ in 0..2 {
        client.delete_endpoint().endpoint_arn(&arn).send().await.unwrap();
    }
    let error = client.get_endpoint_attributes().endpoint_arn(&arn).send().await.unwrap_err();
    assert!(error.into_service_error().is_not_found_exception());
    let request = client.set_endpoint_attributes().endpoint_arn(&arn).attributes("Enabled", "true");
    let expected = ("NotFound".to_owned(), "Endpoint does not exist".to_owned());
    assert_eq!(refusal!(request.send().await), expected);
    assert_ne!(create(&client, APPLICATION, "token").await, arn);
}

#[tokio::test(start_paused = true)]
async fn endpoints_are_listed_by_the_hundred_in_the_order_in_which_they_were_made() {
    let (client, _) = start();
    create_application(&client, "GCM", "things").await;
    let other = create_application(&client, "GCM", "others").await;
    create(&client, &other, "token").await;
    let mut made = Vec::new();
    for number in 0..250 {
        made.push(create(&client, APPLICATION, &number.to_string()).await);
    }
    let (mut listed, mut lengths, mut next_token) = (Vec::new(), Vec::new(), None);
    for _ in 0..3 {
        let request = client.list_endpoints_by_platform_application().platform_application_arn(APPLICATION);
        let page = request.set_next_token(next_token).send().await.unwrap();
        lengths.push(page.endpoints().len());
        listed.extend(page.endpoints().iter().map(|endpoint| endpoint.endpoint_arn().unwrap().to_owned()));
        assert_eq!(page.endpoints()[0].attributes().unwrap()["Enabled"], "true");
        next_token = page.next_token;
    }
    assert_eq!((lengths, next_token), (vec![100, 100, 50], None));
    assert_eq!(listed, made);
}

#[tokio::test(start_paused = true)]
async fn a_full_last_page_has_no_next_one() {
    let (client, _) = start();
    create_application(&client, "GCM", "things").await;
    for number in 0..100 {
        create(&client, APPLICATION, &number.to_string()).await;
    }
    let request = client.list_endpoints_by_platform_application().platform_application_arn(APPLICATION);
    let page = request.clone().send().await.unwrap();
    assert_eq!((page.endpoints().len(), page.next_token()), (100, None));
    let error = request.next_token("no token").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception(), "{error:?}");
}
