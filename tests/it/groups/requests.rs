//! Invalid calls about groups: each is refused and changes nothing.

use http::Method;
use serde_json::{Value, json};
use tests::{Answer, Chat, User, ministack_differs};

struct Scene {
    alice: User,
    bob: User,
    carol: User,
    group: String,
}

/// Alice's group with Bob; Carol is not in it.
async fn scene() -> Scene {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    Scene { alice, bob, carol, group }
}

impl Scene {
    /// The paths of the group, of a member and of a user who is no member.
    fn paths(&self) -> [String; 3] {
        let group = format!("/v1/groups/{}", self.group);
        let [member, other] = [&self.bob, &self.carol].map(|user| format!("{group}/members/{}", user.id));
        [group, member, other]
    }

    async fn check_unharmed(&self) {
        assert_eq!(self.alice.chat_list().await.len(), 1);
        assert_eq!(self.alice.log(&self.group).await.len(), 1);
        let group = self.alice.get_group(&self.group).await.ok();
        assert_eq!((&group["name"], self.alice.roles(&self.group).await.len()), (&"Climbing".into(), 2));
        assert!(self.carol.chat_list().await.is_empty());
    }
}

/// Checks that a call is refused and that the refusal names the field.
#[track_caller]
fn check_field(answer: Answer, field: &str) {
    let error = answer.refused(400, "bad_request");
    assert!(error["message"].as_str().unwrap().contains(field), "{error}");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let scene = scene().await;
    let [group, member, other] = scene.paths();
    let arrays =
        [json!(["Name", [scene.bob.id]]), json!(["Name"]), json!(["admin"])].map(|array| array.to_string());
    let bodies = ["nonsense", "[]", "7", "\"admin\"", "{", "{}{}", "{\"name\":}", "\u{0}"];
    for body in bodies.into_iter().chain(arrays.iter().map(String::as_str)) {
        for (method, path) in [
            (Method::POST, "/v1/groups"),
            (Method::PATCH, &group),
            (Method::PUT, &member),
            (Method::PUT, &other),
        ] {
            scene.alice.http.send(method, path, body.to_owned()).await.refused(400, "bad_request");
        }
    }
    for body in ["", "null"] {
        for (method, path) in [(Method::POST, "/v1/groups"), (Method::PATCH, &group)] {
            scene.alice.http.send(method, path, body).await.refused(400, "bad_request");
        }
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_group_with_a_wrong_field_is_not_made() {
    let scene = scene().await;
    let Scene { alice, bob, group, .. } = &scene;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"members": [bob.id]}), "name"),
        (json!({"name": null, "members": [bob.id]}), "name"),
        (json!({"name": 7, "members": [bob.id]}), "name"),
        (json!({"name": ["x"], "members": [bob.id]}), "name"),
        (json!({"name": "x"}), "members"),
        (json!({"name": "x", "members": null}), "members"),
        (json!({"name": "x", "members": bob.id}), "members"),
        (json!({"name": "x", "members": {&bob.id: "admin"}}), "members"),
        (json!({"name": "x", "members": [7]}), "members"),
        (json!({"name": "x", "members": [bob.id, null]}), "members"),
        (json!({"name": "x", "members": [[bob.id]]}), "members"),
        (json!({"name": "x", "members": [bob.handle]}), "members"),
        (json!({"name": "x", "members": [bob.device]}), "members"),
        (json!({"name": "x", "members": [bob.id.to_lowercase()]}), "members"),
        (json!({"name": "x", "members": [bob.id, group]}), "members"),
        (json!({"name": "x", "members": [""]}), "members"),
    ] {
        check_field(alice.http.post("/v1/groups", &body).await, field);
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_wrong_name_changes_nothing() {
    let scene = scene().await;
    let [group, ..] = scene.paths();
    for name in [json!(null), json!(7), json!(["x"]), json!({"x": "y"}), json!(true), json!("")] {
        check_field(scene.alice.http.patch(&group, &json!({"name": name})).await, "name");
    }
    check_field(scene.alice.http.patch(&group, &json!({})).await, "name");
    check_field(scene.alice.http.patch(&group, &json!({"title": "x"})).await, "name");
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_role_that_is_none_is_refused() {
    let scene = scene().await;
    let [_, member, other] = scene.paths();
    for role in ["king", "", "Owner", "ADMIN", "member ", "admin\u{0}", "members", "0"].map(Value::from) {
        for path in [&member, &other] {
            check_field(scene.alice.http.put(path, &json!({"role": role})).await, "role");
        }
    }
    for role in [json!(7), json!(true), json!([]), json!(["admin"]), json!({"role": "admin"})] {
        for path in [&member, &other] {
            check_field(scene.alice.http.put(path, &json!({"role": role})).await, "role");
        }
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let scene = scene().await;
    let Scene { alice, bob, carol, group } = &scene;
    let ulid = group.trim_start_matches("grp_");
    for id in
        ["x", "grp_", "grp_x", ulid, &group.to_lowercase(), &alice.id, &alice.dm(bob), &format!("{group}0")]
    {
        alice.get_group(id).await.refused(400, "bad_request");
        alice.rename_group(id, "x").await.refused(400, "bad_request");
        alice.delete_group(id).await.refused(400, "bad_request");
        alice.put_member(id, carol, None).await.refused(400, "bad_request");
        alice.remove_member(id, bob).await.refused(400, "bad_request");
    }
    for id in [
        "x",
        "usr_",
        "usr_x",
        &bob.handle,
        &bob.device,
        &bob.id.to_lowercase(),
        group,
        &format!("{}0", bob.id),
    ] {
        let path = format!("/v1/groups/{group}/members/{id}");
        alice.http.put(&path, &json!({})).await.refused(400, "bad_request");
        alice.http.delete(&path).await.refused(400, "bad_request");
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let [alice, bob, carol] = Chat::new().users().await;
    let body =
        json!({"name": "Climbing", "members": [bob.id], "group": "grp_x", "created_at_ms": 1, "role": "x"});
    let group = alice.http.post("/v1/groups", &body).await.with_status(201);
    let id = group["group"].as_str().unwrap();
    assert_ne!((id, &group["created_at_ms"]), ("grp_x", &1.into()));
    let member = format!("/v1/groups/{id}/members/{}", carol.id);
    alice.http.put(&member, &json!({"role": "admin", "joined_at_ms": 1, "user": bob.id})).await.ok();
    assert_eq!(alice.roles(id).await[&carol.id], "admin");
    let renamed =
        alice.http.patch(&format!("/v1/groups/{id}"), &json!({"name": "Other", "members": []})).await.ok();
    assert_eq!((&renamed["name"], alice.roles(id).await.len()), (&"Other".into(), 3));
}

#[tokio::test]
async fn the_wrong_method_is_refused() {
    let scene = scene().await;
    let [group, member, _] = scene.paths();
    for (method, path) in [
        (Method::GET, "/v1/groups"),
        (Method::DELETE, "/v1/groups"),
        (Method::PUT, &group),
        (Method::POST, &group),
        (Method::POST, &member),
        (Method::PATCH, &member),
    ] {
        scene.alice.http.send(method, path, "").await.refused(405, "bad_request");
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn groups_need_a_login() {
    let scene = scene().await;
    let [group, member, other] = scene.paths();
    let anonymous = scene.alice.http.anonymous();
    let create = json!({"name": "x", "members": []});
    anonymous.post("/v1/groups", &create).await.refused(401, "unauthenticated");
    anonymous.get(&group).await.refused(401, "unauthenticated");
    anonymous.patch(&group, &json!({"name": "x"})).await.refused(401, "unauthenticated");
    anonymous.delete(&group).await.refused(401, "unauthenticated");
    anonymous.put(&other, &json!({})).await.refused(401, "unauthenticated");
    anonymous.delete(&member).await.refused(401, "unauthenticated");
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_like_any_other() {
    if ministack_differs("gives a function the path without its escapes") {
        return;
    }
    let scene = scene().await;
    let path = format!("/v1/groups/{}/members/%ff", scene.group);
    scene.alice.http.put(&path, &json!({})).await.refused(400, "bad_request");
    scene.alice.http.delete(&path).await.refused(400, "bad_request");
}
