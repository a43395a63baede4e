//! Many users with friends, written into a data directory, since signing them up would hash passwords for minutes.

use std::path::Path;

use anyhow::Context;
use confab_app::ports::{Account, Contacts, Identity, PairChange, PasswordHash, Users};
use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;
use confab_domain::{ContactChange, DeviceId, FamilyId, Relation, Timestamp, UserId};
use confab_store_dynamodb::Store;
use futures_util::{StreamExt, TryStreamExt, stream};
use ulid::Ulid;

use crate::data::store_in;

/// In a ring of users, each is a friend of so many followers and as many predecessors.
pub(crate) const FRIENDS_EACH_WAY: u32 = 2;

/// Number of concurrent writes.
const IN_FLIGHT: usize = 64;

/// The `n`th user, on their one device.
pub(crate) fn identity(n: u32) -> Identity {
    let id = Ulid(u128::from(n) + 1);
    Identity { user: UserId::new(id), device: DeviceId::new(id), family: FamilyId::new(id) }
}

/// Writes `count` users and their friendships into the data directory of a runner that has stopped.
pub(crate) async fn write(data: &Path, count: u32) -> anyhow::Result<()> {
    let store = &store_in(data)?;
    let users = stream::iter(0..count).map(|n| sign_up(store, n));
    users.buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
    let pairs = (0..count).flat_map(|n| (1..=FRIENDS_EACH_WAY).map(move |step| (n, (n + step) % count)));
    let pairs = stream::iter(pairs).map(|(one, other)| befriend(store, one, other));
    pairs.buffer_unordered(IN_FLIGHT).try_collect::<()>().await
}

async fn sign_up(store: &Store, n: u32) -> anyhow::Result<()> {
    let (Identity { user, device, family }, now) = (identity(n), Timestamp::from_ms(1));
    let handle = Handle::parse(&format!("online_{n}")).context("a handle")?;
    let profile = Profile { user, handle, display_name: "Somebody".to_owned(), avatar: None };
    let account = Account {
        profile,
        password_hash: PasswordHash("none".to_owned()),
        password_changes: 0,
        created_at: now,
        group_adds: GroupAdds::default(),
    };
    let device = Device {
        user,
        device,
        family,
        generation: 0,
        rotation: None,
        name: None,
        platform: None,
        push: None,
        created_at: now,
        last_active_at: now,
    };
    store.create_user(&account, &device, None).await?;
    Ok(())
}

async fn befriend(store: &Store, one: u32, other: u32) -> anyhow::Result<()> {
    let now = Timestamp::from_ms(1);
    let none = Relation::default();
    let friends = none.after(ContactChange::Put, now).after_others(ContactChange::Put, now);
    let relation = [none, friends];
    let (user, other) = (identity(one).user, identity(other).user);
    let change = PairChange { user, other, relation, others_relation: relation };
    anyhow::ensure!(store.change_pair(&change).await?, "a friendship that is there already");
    Ok(())
}
