//! Accounts.

use confab_app::ports::{Account, CreateUserOutcome, Devices, PasswordHash, ProfileChange, Users};
use confab_domain::UserId;
use confab_domain::account::{GroupAdds, Profile};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::NOW;

fn account(ids: Ids, user: u32, handle: u32) -> Account {
    Account {
        profile: Profile {
            user: ids.user(user),
            handle: ids.handle(handle),
            display_name: "Zoë 🙂".to_owned(),
            avatar: None,
        },
        password_hash: PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        created_at: NOW,
        group_adds: GroupAdds::default(),
    }
}

/// Makes user `n` with handle `n`.
async fn create(users: &impl Users, ids: Ids, n: u32) -> Account {
    let account = account(ids, n, n);
    let outcome = users.create_user(&account, &ids.device(n, 1)).await.unwrap();
    assert_eq!(outcome, CreateUserOutcome::Created);
    account
}

#[track_caller]
fn assert_same(found: Option<Account>, expected: &Account) {
    let found = found.expect("the account is there");
    assert_eq!(found.profile, expected.profile);
    assert!(found.password_hash == expected.password_hash);
    assert_eq!((found.created_at, found.group_adds), (expected.created_at, expected.group_adds));
}

pub async fn an_account_is_found_by_id_and_by_handle(users: &impl Users, ids: Ids) {
    let account = create(users, ids, 1).await;
    assert_same(users.user(ids.user(1)).await.unwrap(), &account);
    assert_same(users.user_by_handle(&ids.handle(1)).await.unwrap(), &account);
}

pub async fn the_first_device_is_made_with_the_account(users: &(impl Users + Devices), ids: Ids) {
    create(users, ids, 1).await;
    assert_eq!(users.devices(ids.user(1)).await.unwrap(), [ids.device(1, 1)]);
}

pub async fn a_taken_handle_is_refused_and_nothing_is_written(users: &(impl Users + Devices), ids: Ids) {
    let first = create(users, ids, 1).await;
    let second = account(ids, 2, 1);
    let outcome = users.create_user(&second, &ids.device(2, 1)).await.unwrap();
    assert_eq!(outcome, CreateUserOutcome::HandleTaken);
    assert!(users.user(ids.user(2)).await.unwrap().is_none());
    assert_eq!(users.devices(ids.user(2)).await.unwrap(), []);
    assert_same(users.user_by_handle(&ids.handle(1)).await.unwrap(), &first);
}

pub async fn of_racing_accounts_one_gets_the_handle(users: &(impl Users + Devices), ids: Ids) {
    const RACERS: u32 = 5;
    let outcomes =
        join_all((1..=RACERS).map(|n| async move {
            users.create_user(&account(ids, n, 7), &ids.device(n, 1)).await.unwrap()
        }))
        .await;
    let created = outcomes.iter().filter(|outcome| **outcome == CreateUserOutcome::Created).count();
    assert_eq!(created, 1);
    let owner = users.user_by_handle(&ids.handle(7)).await.unwrap().expect("somebody got it").profile.user;
    for (n, outcome) in (1..=RACERS).zip(outcomes) {
        let won = outcome == CreateUserOutcome::Created;
        assert_eq!(won, owner == ids.user(n));
        assert_eq!(users.user(ids.user(n)).await.unwrap().is_some(), won);
        assert_eq!(users.device(ids.user(n), ids.device_id(1)).await.unwrap().is_some(), won);
    }
}

pub async fn an_unknown_user_is_none(users: &impl Users, ids: Ids) {
    create(users, ids, 1).await;
    assert!(users.user(ids.user(2)).await.unwrap().is_none());
    assert!(users.user_by_handle(&ids.handle(2)).await.unwrap().is_none());
}

pub async fn a_profile_changes_field_by_field(users: &impl Users, ids: Ids) {
    let account = create(users, ids, 1).await;
    let unchanged = users.change_profile(ids.user(1), &ProfileChange::default()).await.unwrap();
    assert_same(unchanged, &account);
    let rename = ProfileChange { display_name: Some("Zoe".to_owned()), ..ProfileChange::default() };
    let expected = Profile { display_name: "Zoe".to_owned(), ..account.profile.clone() };
    let account = Account { profile: expected, ..account };
    assert_same(users.change_profile(ids.user(1), &rename).await.unwrap(), &account);
    let friends = ProfileChange { group_adds: Some(GroupAdds::Friends), ..ProfileChange::default() };
    let account = Account { group_adds: GroupAdds::Friends, ..account };
    assert_same(users.change_profile(ids.user(1), &friends).await.unwrap(), &account);
    assert_same(users.user(ids.user(1)).await.unwrap(), &account);
    assert_same(users.user_by_handle(&ids.handle(1)).await.unwrap(), &account);
}

pub async fn an_avatar_is_set_and_removed(users: &impl Users, ids: Ids) {
    let Profile { display_name, .. } = create(users, ids, 1).await.profile;
    for avatar in [Some("https://example.org/zoe.png".to_owned()), None, None, Some("med_1".to_owned())] {
        let change = ProfileChange { avatar: Some(avatar.clone()), ..ProfileChange::default() };
        let profile =
            users.change_profile(ids.user(1), &change).await.unwrap().expect("the user is there").profile;
        assert_eq!((&profile.avatar, &profile.display_name), (&avatar, &display_name));
        let stored = users.user(ids.user(1)).await.unwrap().expect("the user is there");
        assert_eq!(stored.profile, profile);
    }
    let both = ProfileChange { display_name: Some("Z".to_owned()), avatar: Some(None), group_adds: None };
    let profile = users.change_profile(ids.user(1), &both).await.unwrap().expect("the user is there").profile;
    assert_eq!((profile.avatar, profile.display_name.as_str()), (None, "Z"));
}

pub async fn the_profile_of_an_unknown_user_cannot_change(users: &impl Users, ids: Ids) {
    let change =
        ProfileChange { display_name: Some("Nobody".to_owned()), avatar: Some(None), group_adds: None };
    assert!(users.change_profile(ids.user(1), &change).await.unwrap().is_none());
    assert!(users.user(ids.user(1)).await.unwrap().is_none());
}

pub async fn profiles_of_a_hundred_are_read_at_once_and_missing_ones_left_out(users: &impl Users, ids: Ids) {
    let mut expected = Vec::new();
    for n in (0..100).filter(|n| n % 10 != 3) {
        expected.push(create(users, ids, n).await.profile);
    }
    let asked: Vec<UserId> = (0..100).map(|n| ids.user(99 - n)).collect();
    let mut profiles = users.profiles(&asked).await.unwrap();
    profiles.sort_by_key(|profile| profile.user);
    assert_eq!(profiles, expected);
    assert_eq!(users.profiles(&[]).await.unwrap(), []);
}
