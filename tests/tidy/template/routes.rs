//! The routes of the two APIs.

use std::collections::BTreeSet;

use confab_local::apis::{http_api, websocket_api};
use serde_json::{Value, json};

use super::{assert_faulty, camel, folder_of, planted, resources_of_type, texts, without};

/// A route of the WebSocket API: its key, its function's folder and whether it answers.
type Route = (String, String, bool);

/// The folder of the function whose alias is referred to.
fn folder_by_alias<'a>(template: &'a Value, alias: &Value) -> &'a str {
    let id = alias["Ref"].as_str().and_then(|alias| alias.strip_suffix(".Alias"));
    id.and_then(|id| folder_of(template, id)).unwrap_or("no function")
}

/// The keys of the routes that are resources of their own, with their ids.
fn own_routes<'a>(template: &'a Value, api: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
    let routes = resources_of_type(template, "AWS::ApiGatewayV2::Route").into_iter();
    let of_api = routes.filter(|(_, route)| route["Properties"]["ApiId"]["Ref"] == api);
    of_api
        .map(|(id, route)| {
            (id, route["Properties"]["RouteKey"].as_str().unwrap_or("no key"), &route["Properties"])
        })
        .collect()
}

/// The routes of the WebSocket API, each with the id of its resource after SAM's expansion.
fn websocket_routes(template: &Value) -> Vec<(String, Route)> {
    let by_sam = template["Resources"]["WebSocketApi"]["Properties"]["Routes"].as_object();
    let mut routes: Vec<(String, Route)> = by_sam
        .expect("routes")
        .iter()
        .map(|(key, route)| {
            let function = folder_by_alias(template, &route["FunctionArn"]).to_owned();
            let answers = route["RouteResponseSelectionExpression"] == "$default";
            (format!("WebSocketApi{}Route", camel(key)), (key.clone(), function, answers))
        })
        .collect();
    for (id, key, properties) in own_routes(template, "WebSocketApi") {
        let integration = |key: &str| format!("integrations/${{WebSocketApi{}Integration}}", camel(key));
        let target = properties["Target"]["Fn::Sub"].as_str().unwrap_or_default();
        let same = routes.iter().find(|(_, (key, ..))| integration(key) == target);
        let function = same.map_or("no function".to_owned(), |(_, (_, function, _))| function.clone());
        let answers = properties["RouteResponseSelectionExpression"] == "$default";
        routes.push((id.to_owned(), (key.to_owned(), function, answers)));
    }
    routes
}

fn websocket_faults(template: &Value) -> Vec<String> {
    let api = websocket_api("/ws");
    let local: BTreeSet<Route> =
        api.routes.into_iter().map(|route| (route.key, route.function, route.answers)).collect();
    let declared: BTreeSet<Route> = websocket_routes(template).into_iter().map(|(_, route)| route).collect();
    let mut faults: Vec<String> =
        local.symmetric_difference(&declared).map(|route| format!("{route:?} is not in both")).collect();
    let websocket = &template["Resources"]["WebSocketApi"]["Properties"];
    if Some(folder_by_alias(template, &websocket["Auth"]["AuthArn"])) != api.authorizer.as_deref() {
        faults.push("another authorizer".to_owned());
    }
    faults
}

#[test]
fn the_local_runner_has_the_routes_of_the_template() {
    let of_api = |path: &str| format!("Resources/WebSocketApi/Properties/{path}");
    assert_faulty(
        websocket_faults,
        [
            without(&of_api("Routes/typing")),
            planted(&of_api("Routes/read/FunctionArn"), json!({"Ref": "SendFunction.Alias"})),
            without(&of_api("Routes/sync/RouteResponseSelectionExpression")),
            planted("Resources/SendManyRoute/Properties/RouteKey", json!("send_all")),
            planted(
                "Resources/SendManyRoute/Properties/Target/Fn::Sub",
                json!("integrations/${WebSocketApiSyncIntegration}"),
            ),
            planted(&of_api("Auth/AuthArn"), json!({"Ref": "ConnectFunction.Alias"})),
        ],
    );
}

/// Without it API Gateway drops the function's answer.
#[test]
fn every_route_that_answers_has_a_route_response() {
    let faults = |template: &Value| {
        let responses = resources_of_type(template, "AWS::ApiGatewayV2::RouteResponse");
        let answering: BTreeSet<&str> = responses
            .values()
            .filter_map(|response| response["Properties"]["RouteId"]["Ref"].as_str())
            .collect();
        let routes = websocket_routes(template).into_iter();
        let wrong = routes.filter(|(id, (_, _, answers))| answering.contains(id.as_str()) != *answers);
        wrong.map(|(id, _)| id).collect()
    };
    let other = json!("WebSocketApiConnectRoute");
    assert_faulty(
        faults,
        [
            without("Resources/HistoryRouteResponse"),
            planted("Resources/SyncRouteResponse/Properties/RouteId/Ref", other),
        ],
    );
}

/// A page of another origin may call what the local runner lets it call.
#[test]
fn the_http_api_has_the_methods_and_cross_origin_rules_of_the_local_runner() {
    let faults = |template: &Value| {
        let local = http_api(&[]);
        let cors = local.cors.expect("cross-origin rules");
        let rules = &template["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"];
        let methods: Vec<&str> = cors.allow_methods.iter().map(|method| method.as_str()).collect();
        let allowed: Vec<&str> = cors.allow_headers.iter().map(|name| name.as_str()).collect();
        let exposed: Vec<&str> = cors.expose_headers.iter().map(|name| name.as_str()).collect();
        let routes = own_routes(template, "HttpApi").into_iter().map(|(_, key, _)| key.to_owned());
        let prefix = local.prefix;
        let local_routes = methods.iter().map(|method| format!("{method} {prefix}/{{proxy+}}"));
        let compared = [
            ("AllowMethods", texts(&rules["AllowMethods"]) == methods),
            ("AllowHeaders", texts(&rules["AllowHeaders"]) == allowed),
            ("ExposeHeaders", texts(&rules["ExposeHeaders"]) == exposed),
            ("MaxAge", rules["MaxAge"].as_u64() == Some(cors.max_age.as_secs())),
            ("routes", routes.collect::<BTreeSet<_>>() == local_routes.collect()),
        ];
        compared.iter().filter(|(_, is_same)| !is_same).map(|(what, _)| (*what).to_owned()).collect()
    };
    let rule =
        |name: &str, value| planted(&format!("Resources/HttpApi/Properties/CorsConfiguration/{name}"), value);
    assert_faulty(
        faults,
        [
            rule("AllowMethods", json!(["GET", "POST"])),
            rule("AllowHeaders/0", json!("cookie")),
            rule("ExposeHeaders", json!([])),
            rule("MaxAge", json!(60)),
            planted("Resources/HttpPutRoute/Properties/RouteKey", json!("PUT /v2/{proxy+}")),
        ],
    );
}
