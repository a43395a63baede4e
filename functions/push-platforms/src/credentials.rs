//! Credentials of push platforms: as the template stores them, and as SNS takes them.
//!
//! Source: Amazon SNS API reference, `CreatePlatformApplication` and `SetPlatformApplicationAttributes`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::Error;
use serde::Deserialize;

use crate::request::Properties;

/// The secret: files in Base64, empty if there are none.
#[derive(Clone, Deserialize)]
pub struct Credentials {
    /// `AuthKey_….p8`.
    apns: String,
    /// The key of a service account.
    fcm: String,
}

/// Fields that the key of a service account must have.
#[derive(Deserialize)]
struct ServiceAccount {
    r#type: String,
    private_key_id: String,
}

/// Returns the attributes of a platform application.
///
/// # Errors
///
/// The fault, in a text that contains no part of a credential.
pub(crate) fn attributes(properties: &Properties, secret: &str) -> Result<HashMap<String, String>, Error> {
    let credentials: Credentials =
        serde_json::from_str(secret).map_err(|_| "the secret of credentials is malformed")?;
    let mut attributes = HashMap::from([
        ("SuccessFeedbackRoleArn".to_owned(), properties.feedback_role_arn.clone()),
        ("FailureFeedbackRoleArn".to_owned(), properties.feedback_role_arn.clone()),
        ("SuccessFeedbackSampleRate".to_owned(), properties.success_log_percent.clone()),
    ]);
    if properties.platform == "GCM" {
        attributes.insert("PlatformCredential".to_owned(), service_account(properties, &credentials.fcm)?);
    } else {
        attributes.insert("PlatformCredential".to_owned(), signing_key(&credentials.apns)?);
        attributes.insert("PlatformPrincipal".to_owned(), properties.key_id.clone());
        attributes.insert("ApplePlatformTeamID".to_owned(), properties.team_id.clone());
        attributes.insert("ApplePlatformBundleID".to_owned(), properties.bundle_id.clone());
    }
    Ok(attributes)
}

fn signing_key(base64: &str) -> Result<String, Error> {
    let key = file(base64).ok_or("ApnsKey is not a file in Base64")?;
    if !key.contains("-----BEGIN PRIVATE KEY-----") {
        return Err("ApnsKey is not a .p8 file".into());
    }
    Ok(key)
}

fn service_account(properties: &Properties, base64: &str) -> Result<String, Error> {
    let key = file(base64).ok_or("FcmServiceAccount is not a file in Base64")?;
    let account: ServiceAccount = serde_json::from_str(&key)
        .map_err(|_| "FcmServiceAccount is not the key of a service account in JSON")?;
    if account.r#type != "service_account" {
        return Err("FcmServiceAccount is not of the type service_account".into());
    }
    if account.private_key_id != properties.key_id {
        return Err("FcmKeyId is not the private_key_id of FcmServiceAccount".into());
    }
    Ok(key)
}

fn file(base64: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";
    const ACCOUNT: &str = r#"{"type":"service_account","private_key_id":"ab12","private_key":"-----"}"#;

    fn properties(platform: &str, key_id: &str) -> Properties {
        Properties {
            name: "confab".to_owned(),
            platform: platform.to_owned(),
            secret_arn: "arn:secret".to_owned(),
            key_id: key_id.to_owned(),
            team_id: "TEAM123456".to_owned(),
            bundle_id: "com.example.chat".to_owned(),
            feedback_role_arn: "arn:role".to_owned(),
            success_log_percent: "5".to_owned(),
        }
    }

    fn secret(apns: &str, fcm: &str) -> String {
        format!(r#"{{"apns":"{}","fcm":"{}"}}"#, STANDARD.encode(apns), STANDARD.encode(fcm))
    }

    #[test]
    fn apns_takes_the_signing_key_with_what_it_belongs_to() {
        let attributes = attributes(&properties("APNS_SANDBOX", "KEY1234567"), &secret(KEY, "")).unwrap();
        let of = |name: &str| attributes[name].as_str();
        assert_eq!((of("PlatformCredential"), of("PlatformPrincipal")), (KEY, "KEY1234567"));
        assert_eq!(of("ApplePlatformTeamID"), "TEAM123456");
        assert_eq!(of("ApplePlatformBundleID"), "com.example.chat");
        assert_eq!((of("FailureFeedbackRoleArn"), of("SuccessFeedbackSampleRate")), ("arn:role", "5"));
    }

    #[test]
    fn fcm_takes_the_service_account_alone() {
        let attributes = attributes(&properties("GCM", "ab12"), &secret("", ACCOUNT)).unwrap();
        assert_eq!(attributes["PlatformCredential"], ACCOUNT);
        assert!(!attributes.contains_key("PlatformPrincipal"));
    }

    #[track_caller]
    fn check_wrong(properties: &Properties, secret: &str, expected: &str) {
        assert_eq!(attributes(properties, secret).unwrap_err().to_string(), expected);
    }

    #[test]
    fn errors_name_the_fault_and_contain_no_credential() {
        let (apns, fcm) = (properties("APNS", "K"), properties("GCM", "ab12"));
        check_wrong(&apns, "{}", "the secret of credentials is malformed");
        check_wrong(&apns, r#"{"apns":"MIGH?","fcm":""}"#, "ApnsKey is not a file in Base64");
        check_wrong(&apns, &secret("MIGH", ""), "ApnsKey is not a .p8 file");
        check_wrong(
            &fcm,
            &secret("", "MIGH"),
            "FcmServiceAccount is not the key of a service account in JSON",
        );
        let user = ACCOUNT.replace("service_account", "authorized_user");
        check_wrong(&fcm, &secret("", &user), "FcmServiceAccount is not of the type service_account");
        let other = ACCOUNT.replace("ab12", "cd34");
        check_wrong(&fcm, &secret("", &other), "FcmKeyId is not the private_key_id of FcmServiceAccount");
    }
}
