//! Authorizer of the WebSocket API: admits a handshake with a valid ticket or access token.
//!
//! The function does no I/O, since both credentials are signed. The identity in them travels with the connection to
//! every later route, as the authorizer's context.

pub mod config;

use std::time::Instant;

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy, ApiGatewayCustomAuthorizerRequestTypeRequest as Request,
    ApiGatewayCustomAuthorizerResponse as Response,
};
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use confab_app::Error;
use confab_app::ports::{AccessClaims, TokenError, Tokens};
use confab_credentials::tokens_jwt::JwtTokens;
use confab_lambda::websocket::context;
use confab_lambda::{bearer, clock, summary};
use serde_json::{Value, json};

/// The function.
#[derive(Clone, Debug)]
pub struct AuthorizerFunction {
    /// Verifies tickets and access tokens.
    pub tokens: JwtTokens,
}

impl AuthorizerFunction {
    /// Answers with a policy that allows or denies the route.
    ///
    /// The answer is a policy in all cases: API Gateway answers a denial with 403. An error of the function means a
    /// fault of the server, never of a client.
    pub fn handle(&self, request: &Request) -> Response {
        let started = Instant::now();
        let claims = self.identify(request).map_err(Error::from);
        summary::log("authorizer", claims.as_ref().err(), started.elapsed());
        let resource = request.method_arn.clone().unwrap_or_default();
        match claims {
            Ok(AccessClaims { identity, generation }) => {
                let mut known = json!({
                    context::USER: identity.user.to_string(),
                    context::DEVICE: identity.device.to_string(),
                    context::FAMILY: identity.family.to_string(),
                });
                if let Some(generation) = generation {
                    known[context::GENERATION] = generation.to_string().into();
                }
                answer(IamPolicyEffect::Allow, resource, identity.user.to_string(), known)
            }
            Err(_) => answer(IamPolicyEffect::Deny, resource, "nobody".to_owned(), json!({})),
        }
    }

    fn identify(&self, request: &Request) -> Result<AccessClaims, TokenError> {
        let now = clock::now();
        if let Some(ticket) = request.query_string_parameters.first("ticket") {
            return self.tokens.verify_ticket(ticket, now).map(AccessClaims::from);
        }
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer::token).ok_or(TokenError::Invalid)?;
        self.tokens.verify_access(token, now)
    }
}

fn answer(effect: IamPolicyEffect, resource: String, principal: String, context: Value) -> Response {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = vec![resource];
    let mut policy = ApiGatewayCustomAuthorizerPolicy::default();
    policy.version = Some("2012-10-17".to_owned());
    policy.statement = vec![statement];
    let mut response = Response::default();
    response.principal_id = Some(principal);
    response.policy_document = policy;
    response.context = context;
    response
}
