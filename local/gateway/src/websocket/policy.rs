//! The part of IAM policies that an authorizer's answer needs.

use serde::Deserialize;

/// `policyDocument` of an authorizer's answer. Conditions are not evaluated: a policy that has any is refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy {
    statement: OneOrMany<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
    condition: Option<serde_json::Value>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Policy {
    /// Whether the policy allows `execute-api:Invoke` on `arn`: a statement allows it and none denies it.
    pub(super) fn allows(&self, arn: &str) -> bool {
        let statements = self.statement.as_slice();
        let applies = |statement: &&Statement| {
            statement
                .action
                .as_slice()
                .iter()
                .any(|action| matches(&action.to_lowercase(), "execute-api:invoke"))
                && statement.resource.as_slice().iter().any(|resource| matches(resource, arn))
        };
        let mut allowed = false;
        for statement in statements.iter().filter(applies) {
            if statement.effect == Effect::Deny || statement.condition.is_some() {
                return false;
            }
            allowed = true;
        }
        allowed
    }
}

/// `*` stands for any text and `?` for one byte.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at_pattern, mut at_text) = (0, 0);
    // Where to continue if the last `*` has to match one byte more.
    let mut retry = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                retry = Some((at_pattern + 1, at_text + 1));
                at_pattern += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else {
                    return false;
                };
                (at_pattern, at_text) = (after_star, from);
                retry = Some((after_star, from + 1));
            }
        }
    }
    pattern[at_pattern..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:local/local/$connect";

    #[track_caller]
    fn check(statements: &str, allowed: bool) {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        let policy: Policy = serde_json::from_str(&document).expect("a policy");
        assert_eq!(policy.allows(ARN), allowed);
    }

    fn statement(effect: &str, action: &str, resource: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Action":{action},"Resource":{resource}}}"#)
    }

    #[test]
    fn an_allow_counts_if_it_is_about_this_request() {
        check(&statement("Allow", r#""execute-api:Invoke""#, &format!("\"{ARN}\"")), true);
        check(&statement("Allow", r#"["execute-api:*"]"#, r#"["arn:aws:execute-api:*/$connect"]"#), true);
        check(&statement("Allow", r#""*""#, r#""*""#), true);
        check(&statement("Allow", r#""s3:GetObject""#, r#""*""#), false);
        check(&statement("Allow", r#""execute-api:Invoke""#, r#""arn:aws:execute-api:*/other/*""#), false);
        check("[]", false);
    }

    #[test]
    fn a_deny_beats_an_allow() {
        let allow = statement("Allow", r#""*""#, r#""*""#);
        let deny = statement("Deny", r#""execute-api:Invoke""#, r#""*""#);
        check(&format!("[{allow},{deny}]"), false);
        check(&format!("[{allow},{}]", statement("Deny", r#""s3:*""#, r#""*""#)), true);
    }

    #[test]
    fn wildcards_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "aab", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
