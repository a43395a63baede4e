//! Accounts, password changes and invites.

use std::time::Duration;

use confab_app::ports::{
    Account, CreateUserOutcome, Devices, PASSWORD_CHANGE_CLAIMED, PasswordChange, PasswordHash,
    PasswordReplacement, ProfileChange, Users,
};
use confab_domain::UserId;
use confab_domain::account::{GroupAdds, Profile};
use confab_domain::invite::Invite;
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
        password_changes: 0,
        created_at: NOW,
        group_adds: GroupAdds::default(),
    }
}

/// Makes user `n` with handle `n`.
async fn create(users: &impl Users, ids: Ids, n: u32) -> Account {
    let account = account(ids, n, n);
    let outcome = users.create_user(&account, &ids.device(n, 1), None).await.unwrap();
    assert_eq!(outcome, CreateUserOutcome::Created);
    account
}

#[track_caller]
fn assert_same(found: Option<Account>, expected: &Account) {
    let found = found.expect("the account is there");
    assert_eq!(found.profile, expected.profile);
    assert!(found.password_hash == expected.password_hash);
    assert_eq!(found.password_changes, expected.password_changes);
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
    let outcome = users.create_user(&second, &ids.device(2, 1), None).await.unwrap();
    assert_eq!(outcome, CreateUserOutcome::HandleTaken);
    assert!(users.user(ids.user(2)).await.unwrap().is_none());
    assert_eq!(users.devices(ids.user(2)).await.unwrap(), []);
    assert_same(users.user_by_handle(&ids.handle(1)).await.unwrap(), &first);
}

pub async fn of_racing_accounts_one_gets_the_handle(users: &(impl Users + Devices), ids: Ids) {
    const RACERS: u32 = 5;
    let outcomes = join_all((1..=RACERS).map(|n| async move {
        users.create_user(&account(ids, n, 7), &ids.device(n, 1), None).await.unwrap()
    }))
    .await;
    let created = outcomes.iter().filter(|outcome| **outcome == CreateUserOutcome::Created).count();
    assert_eq!(created, 1);
    let owner =
        users.user_by_handle(&ids.handle(7)).await.unwrap().expect("one of the racers has it").profile.user;
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

pub async fn profiles_of_a_hundred_users_are_read_together_and_missing_ones_left_out(
    users: &impl Users,
    ids: Ids,
) {
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

pub async fn a_password_is_changed_on_the_count_that_was_read(users: &impl Users, ids: Ids) {
    let account = create(users, ids, 1).await;
    let replace = async |seen, hash: &str| {
        let change = PasswordChange { seen, by: ids.device_id(1) };
        let is_claimed = users.claim_password_change(ids.user(1), &change, NOW).await.unwrap();
        let replacement = PasswordReplacement::Changed(change);
        let hash = PasswordHash(hash.to_owned());
        let is_made = users.replace_password(ids.user(1), &replacement, &hash).await.unwrap();
        assert_eq!(is_made, is_claimed);
        is_made
    };
    assert!(!replace(1, "wrong").await);
    assert!(replace(0, "first").await);
    assert!(!replace(0, "wrong").await);
    assert!(replace(1, "second").await);
    let hash = PasswordHash("second".to_owned());
    let expected = Account { password_hash: hash, password_changes: 2, ..account };
    assert_same(users.user(ids.user(1)).await.unwrap(), &expected);
    assert_same(users.user_by_handle(&ids.handle(1)).await.unwrap(), &expected);
}

pub async fn a_hash_is_renewed_on_the_one_that_was_read(users: &impl Users, ids: Ids) {
    let account = create(users, ids, 1).await;
    let renew = async |seen: &PasswordHash, hash: &str| {
        let replacement = PasswordReplacement::Renewed(seen.clone());
        users.replace_password(ids.user(1), &replacement, &PasswordHash(hash.to_owned())).await.unwrap()
    };
    assert!(!renew(&PasswordHash("other".to_owned()), "wrong").await);
    assert!(renew(&account.password_hash, "renewed").await);
    assert!(!renew(&account.password_hash, "wrong").await);
    let expected = Account { password_hash: PasswordHash("renewed".to_owned()), ..account };
    assert_same(users.user(ids.user(1)).await.unwrap(), &expected);
}

pub async fn the_password_of_an_unknown_user_cannot_change(users: &impl Users, ids: Ids) {
    let hash = PasswordHash("none".to_owned());
    let change = PasswordChange { seen: 0, by: ids.device_id(1) };
    assert!(!users.claim_password_change(ids.user(1), &change, NOW).await.unwrap());
    for replacement in [PasswordReplacement::Changed(change), PasswordReplacement::Renewed(hash.clone())] {
        assert!(!users.replace_password(ids.user(1), &replacement, &hash).await.unwrap());
    }
    assert!(users.user(ids.user(1)).await.unwrap().is_none());
}

pub async fn of_racing_changes_of_a_password_exactly_one_is_made(users: &impl Users, ids: Ids) {
    create(users, ids, 1).await;
    let hashes: Vec<PasswordHash> = (0..5).map(|n| PasswordHash(format!("hash {n}"))).collect();
    let made: Vec<bool> = join_all(hashes.iter().zip(1..).map(async |(hash, n)| {
        let change = PasswordChange { seen: 0, by: ids.device_id(n) };
        let is_claimed = users.claim_password_change(ids.user(1), &change, NOW).await.unwrap();
        let replacement = PasswordReplacement::Changed(change);
        let is_made = users.replace_password(ids.user(1), &replacement, hash).await.unwrap();
        assert_eq!(is_made, is_claimed, "{n}");
        is_made
    }))
    .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    let account = users.user(ids.user(1)).await.unwrap().expect("the user is there");
    let winner = made.iter().position(|made| *made).expect("one is made");
    assert!(account.password_hash == hashes[winner] && account.password_changes == 1);
}

pub async fn a_claim_of_a_password_change_excludes_other_devices_until_it_is_over(
    users: &impl Users,
    ids: Ids,
) {
    create(users, ids, 1).await;
    let [phone, laptop] = [1, 2].map(|n| PasswordChange { seen: 0, by: ids.device_id(n) });
    let claim = async |change, at| users.claim_password_change(ids.user(1), &change, at).await.unwrap();
    assert!(claim(phone, NOW).await);
    assert!(!claim(laptop, NOW.plus(PASSWORD_CHANGE_CLAIMED - Duration::from_millis(1))).await);
    assert!(claim(phone, NOW.plus(Duration::from_secs(1))).await, "the same device again");
    let over = NOW.plus(Duration::from_millis(1_001) + PASSWORD_CHANGE_CLAIMED);
    assert!(claim(laptop, over).await);
    let hash = PasswordHash("hash".to_owned());
    let replace = async |change| {
        let replacement = PasswordReplacement::Changed(change);
        users.replace_password(ids.user(1), &replacement, &hash).await.unwrap()
    };
    assert!(!replace(phone).await, "the claim of the phone was over, and the laptop's began");
    assert!(replace(laptop).await && !replace(laptop).await);
    let next = PasswordChange { seen: 1, ..phone };
    assert!(!claim(phone, over).await && claim(next, over).await, "a change that was made claims nothing");
    let day = Duration::from_secs(24 * 3600);
    assert!(claim(next, over.plus(day)).await, "by a clock that is ahead");
    assert!(claim(PasswordChange { seen: 1, ..laptop }, over).await, "the wrong time is corrected");
}

fn invite(ids: Ids, n: u32, uses: u32) -> Invite {
    Invite { id: ids.invite(n), uses, expires_at: NOW.plus(Duration::from_secs(3600)) }
}

async fn create_with(users: &impl Users, ids: Ids, n: u32, invite: &Invite) -> CreateUserOutcome {
    users.create_user(&account(ids, n, n), &ids.device(n, 1), Some(invite)).await.unwrap()
}

pub async fn an_invite_makes_as_many_accounts_as_it_has_uses(users: &(impl Users + Devices), ids: Ids) {
    let (two, other) = (invite(ids, 1, 2), invite(ids, 2, 1));
    for (n, invite, expected) in [
        (1, &two, CreateUserOutcome::Created),
        (2, &two, CreateUserOutcome::Created),
        (3, &two, CreateUserOutcome::InviteUsedUp),
        (4, &other, CreateUserOutcome::Created),
        (5, &other, CreateUserOutcome::InviteUsedUp),
        (6, &Invite { uses: 3, ..two }, CreateUserOutcome::Created),
        (7, &invite(ids, 3, 0), CreateUserOutcome::InviteUsedUp),
    ] {
        assert_eq!(create_with(users, ids, n, invite).await, expected, "account {n}");
        let is_made = expected == CreateUserOutcome::Created;
        assert_eq!(users.user(ids.user(n)).await.unwrap().is_some(), is_made);
        assert_eq!(users.devices(ids.user(n)).await.unwrap().len(), usize::from(is_made));
    }
}

pub async fn an_account_that_is_not_made_uses_no_invite(users: &impl Users, ids: Ids) {
    create(users, ids, 1).await;
    let once = invite(ids, 1, 1);
    let taken = account(ids, 2, 1);
    let outcome = users.create_user(&taken, &ids.device(2, 1), Some(&once)).await.unwrap();
    assert_eq!(outcome, CreateUserOutcome::HandleTaken);
    assert_eq!(create_with(users, ids, 3, &once).await, CreateUserOutcome::Created);
    assert_eq!(create_with(users, ids, 4, &once).await, CreateUserOutcome::InviteUsedUp);
}

pub async fn of_racing_accounts_no_more_are_made_than_their_invite_has_uses(users: &impl Users, ids: Ids) {
    let invite = invite(ids, 1, 3);
    let racing = (1..=8).map(|n| create_with(users, ids, n, &invite));
    let outcomes = join_all(racing).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CreateUserOutcome::Created).count(), 3);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CreateUserOutcome::InviteUsedUp).count(), 5);
}
