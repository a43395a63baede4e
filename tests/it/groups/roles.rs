//! Permissions of the roles in a group.

use std::collections::BTreeMap;

use tests::{Answer, Chat, User};

/// A group with a user of every role.
struct Scene {
    owner: User,
    other_owner: User,
    admin: User,
    other_admin: User,
    member: User,
    other_member: User,
    /// A user outside the group.
    stranger: User,
    group: String,
}

/// Number of entries in the log after the setup.
const ENTRIES: usize = 4;

async fn scene() -> Scene {
    let [owner, other_owner, admin, other_admin, member, other_member, stranger] = Chat::new().users().await;
    let group = owner.create_group(&[&other_owner, &admin, &other_admin, &member, &other_member]).await;
    for (user, role) in [(&other_owner, "owner"), (&admin, "admin"), (&other_admin, "admin")] {
        owner.put_member(&group, user, Some(role)).await.ok();
    }
    Scene { owner, other_owner, admin, other_admin, member, other_member, stranger, group }
}

/// An act on a group.
#[derive(Clone, Copy)]
enum Deed<'a> {
    Put(&'a User, Option<&'a str>),
    Remove(&'a User),
    Rename,
    Delete,
}

use Deed::{Delete, Put, Remove, Rename};

async fn done(actor: &User, group: &str, deed: Deed<'_>) -> Answer {
    match deed {
        Put(user, role) => actor.put_member(group, user, role).await,
        Remove(user) => actor.remove_member(group, user).await,
        Rename => actor.rename_group(group, "Bouldering").await,
        Delete => actor.delete_group(group).await,
    }
}

impl Scene {
    /// Checks that each of these acts is forbidden, and that none changes anything.
    async fn check_forbidden(&self, deeds: &[(&str, &User, Deed<'_>)]) {
        let before = self.owner.get_group(&self.group).await.ok();
        for (what, actor, deed) in deeds {
            let answer = done(actor, &self.group, *deed).await;
            assert_eq!((*what, answer.status), (*what, 403));
            answer.refused(403, "forbidden");
        }
        assert_eq!(self.owner.get_group(&self.group).await.ok(), before);
        assert_eq!(self.owner.log(&self.group).await.len(), ENTRIES);
    }
}

#[tokio::test]
async fn members_only_read_and_write() {
    let scene = scene().await;
    let Scene { owner, admin, member, other_member, stranger, .. } = &scene;
    scene
        .check_forbidden(&[
            ("adds", member, Put(stranger, None)),
            ("adds as member", member, Put(stranger, Some("member"))),
            ("adds as owner", member, Put(stranger, Some("owner"))),
            ("promotes", member, Put(other_member, Some("admin"))),
            ("promotes oneself", member, Put(member, Some("admin"))),
            ("demotes", member, Put(admin, Some("member"))),
            ("removes a member", member, Remove(other_member)),
            ("removes an admin", member, Remove(admin)),
            ("removes an owner", member, Remove(owner)),
            ("renames", member, Rename),
            ("deletes", member, Delete),
        ])
        .await;
}

#[tokio::test]
async fn admins_give_no_roles_and_remove_members_only() {
    let scene = scene().await;
    let Scene { owner, admin, other_admin, member, stranger, .. } = &scene;
    scene
        .check_forbidden(&[
            ("adds as admin", admin, Put(stranger, Some("admin"))),
            ("adds as owner", admin, Put(stranger, Some("owner"))),
            ("promotes", admin, Put(member, Some("admin"))),
            ("makes an owner", admin, Put(member, Some("owner"))),
            ("promotes oneself", admin, Put(admin, Some("owner"))),
            ("demotes oneself", admin, Put(admin, Some("member"))),
            ("demotes an admin", admin, Put(other_admin, Some("member"))),
            ("demotes an owner", admin, Put(owner, Some("admin"))),
            ("removes an admin", admin, Remove(other_admin)),
            ("removes an owner", admin, Remove(owner)),
            ("deletes", admin, Delete),
        ])
        .await;
}

#[tokio::test]
async fn strangers_do_nothing() {
    let scene = scene().await;
    let Scene { owner, member, stranger, .. } = &scene;
    stranger.get_group(&scene.group).await.refused(403, "forbidden");
    scene
        .check_forbidden(&[
            ("adds oneself", stranger, Put(stranger, None)),
            ("adds oneself as owner", stranger, Put(stranger, Some("owner"))),
            ("puts a member", stranger, Put(member, None)),
            ("promotes", stranger, Put(member, Some("admin"))),
            ("removes a member", stranger, Remove(member)),
            ("removes an owner", stranger, Remove(owner)),
            ("renames", stranger, Rename),
            ("deletes", stranger, Delete),
        ])
        .await;
}

#[tokio::test]
async fn each_role_can_do_what_it_may_do() {
    let scene = scene().await;
    let Scene { owner, other_owner, admin, other_admin, member, other_member, stranger, group } = &scene;
    let mut expected = owner.roles(group).await;
    let mut entries = ENTRIES;
    for (what, actor, deed) in [
        ("an admin adds", admin, Put(stranger, None)),
        ("an admin removes", admin, Remove(stranger)),
        ("an admin adds as member", admin, Put(stranger, Some("member"))),
        ("an owner promotes", owner, Put(stranger, Some("admin"))),
        ("an owner removes an admin", owner, Remove(stranger)),
        ("an owner adds an owner", owner, Put(stranger, Some("owner"))),
        ("an owner removes an owner", owner, Remove(stranger)),
        ("an owner makes an owner", owner, Put(member, Some("owner"))),
        ("a new owner demotes", member, Put(other_owner, Some("member"))),
        ("an owner demotes oneself", member, Put(member, Some("admin"))),
        ("an owner removes a member", owner, Remove(other_owner)),
        ("an admin leaves", other_admin, Remove(other_admin)),
        ("a member leaves", other_member, Remove(other_member)),
    ] {
        let answer = done(actor, group, deed).await;
        apply(&mut expected, deed);
        let status = if matches!(deed, Remove(_)) { 204 } else { 200 };
        entries += 1;
        assert_eq!((what, answer.status), (what, status));
        assert_eq!((what, owner.roles(group).await), (what, expected.clone()));
        assert_eq!((what, owner.log(group).await.len()), (what, entries));
    }
}

fn apply(roles: &mut BTreeMap<String, String>, deed: Deed<'_>) {
    match deed {
        Put(user, role) => {
            roles.insert(user.id.clone(), role.unwrap_or("member").to_owned());
        }
        Remove(user) => {
            roles.remove(&user.id);
        }
        Rename | Delete => {}
    }
}

#[tokio::test]
async fn owners_and_admins_rename_and_every_owner_may_delete() {
    let scene = scene().await;
    let Scene { owner, other_owner, admin, group, .. } = &scene;
    assert_eq!(owner.rename_group(group, "By the owner").await.ok()["name"], "By the owner");
    assert_eq!(admin.rename_group(group, "By an admin").await.ok()["name"], "By an admin");
    other_owner.delete_group(group).await.no_content();
    owner.get_group(group).await.refused(404, "not_found");
}

#[tokio::test]
async fn the_last_owner_stays_owner() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.put_member(&group, &bob, Some("admin")).await.ok();
    let before = alice.get_group(&group).await.ok();
    for deed in [Put(&alice, Some("admin")), Put(&alice, Some("member")), Remove(&alice)] {
        done(&alice, &group, deed).await.refused(403, "forbidden");
    }
    assert_eq!(alice.get_group(&group).await.ok(), before);
    assert_eq!(alice.log(&group).await.len(), 2);
}

#[tokio::test]
async fn an_owner_may_go_once_there_is_another() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.put_member(&group, &bob, Some("owner")).await.ok();
    alice.put_member(&group, &alice, Some("member")).await.ok();
    bob.remove_member(&group, &bob).await.refused(403, "forbidden");
    bob.put_member(&group, &alice, Some("owner")).await.ok();
    alice.leave(&group).await;
    assert_eq!(bob.roles(&group).await, BTreeMap::from([(bob.id.clone(), "owner".to_owned())]));
    bob.remove_member(&group, &bob).await.refused(403, "forbidden");
}
