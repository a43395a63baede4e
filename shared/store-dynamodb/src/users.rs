//! Accounts and handles.
//!
//! Shape: `{user S "usr_…", handle S, display_name S, avatar S?, password_hash S, password_changes N?, created_at_ms N,
//! group_adds S?, password_change {by S, at_ms N}?}`, and `{user S "handle#…", owner S}`, which makes a handle unique;
//! in the table of throttles `{bucket S "invite#inv_…", uses N, expires_at N}`.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, Put, ReturnValue, TransactWriteItem, Update,
};
use confab_app::ports::{
    Account, CreateUserOutcome, PASSWORD_CHANGE_CLAIMED, PasswordChange, PasswordHash, PasswordReplacement,
    ProfileChange, StoreError, Users,
};
use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;
use confab_domain::invite::Invite;
use confab_domain::time::AHEAD_MAX;
use confab_domain::{Timestamp, UserId};

use crate::compare::Comparison;
use crate::devices::device_item;
use crate::error::{condition_held, if_condition_held, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::pauses::Attempts;
use crate::schema::{BUCKET, EXPIRES_AT, USER};
use crate::{Store, batch};

const HANDLE: &str = "handle";
const DISPLAY_NAME: &str = "display_name";
const AVATAR: &str = "avatar";
const PASSWORD_HASH: &str = "password_hash";
const PASSWORD_CHANGES: &str = "password_changes";
/// Device that has claimed the next change of the password, and the time of the claim.
const PASSWORD_CHANGE: &str = "password_change";
const BY: &str = "by";
const AT_MS: &str = "at_ms";
const CREATED_AT_MS: &str = "created_at_ms";
const GROUP_ADDS: &str = "group_adds";
const OWNER: &str = "owner";

/// Index of the handle's item in the transaction that creates an account.
const HANDLE_INDEX: usize = 0;

/// Index of the use of an invite in that transaction.
const INVITE_INDEX: usize = 3;

const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Attempts of a signup while others use the same invite.
const CREATE_ATTEMPTS_MAX: u32 = 8;

/// Number of uses of an invite; its item is in the table of throttles, whose items expire.
const USES: &str = "uses";

/// Time for which the count of an invite is kept after the invite expires, for clocks that disagree.
const USES_KEPT_LONGER: Duration = Duration::from_secs(24 * 3600);

impl Users for Store {
    async fn create_user(
        &self,
        account: &Account,
        device: &Device,
        invite: Option<&Invite>,
    ) -> Result<CreateUserOutcome, StoreError> {
        let handle = Item::from([
            (USER.to_owned(), text(handle_key(&account.profile.handle))),
            (OWNER.to_owned(), text(account.profile.user)),
        ]);
        let mut items = vec![
            put_new(&self.tables.users, handle)?,
            put_new(&self.tables.users, account_item(account))?,
            put_new(&self.tables.devices, device_item(device))?,
        ];
        if let Some(invite) = invite {
            if invite.uses == 0 {
                return Ok(CreateUserOutcome::InviteUsedUp);
            }
            items.push(self.use_of(invite)?);
        }
        let mut attempts = Attempts::waiting(CREATE_ATTEMPTS_MAX);
        while attempts.next().await {
            let transaction = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = transaction.send().await else { return Ok(CreateUserOutcome::Created) };
            match why_cancelled(&error, INVITE_INDEX) {
                Some(CONDITION_FAILED) => return Ok(CreateUserOutcome::InviteUsedUp),
                // Many people sign up with one invite at the same time.
                Some("TransactionConflict") => {}
                _ if why_cancelled(&error, HANDLE_INDEX) == Some(CONDITION_FAILED) => {
                    return Ok(CreateUserOutcome::HandleTaken);
                }
                _ => return Err(store_error(error)),
            }
        }
        Err(StoreError::Unavailable("too many concurrent signups with one invite".into()))
    }

    async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        let Some(item) = self.get_user_item(handle_key(handle)).await? else { return Ok(None) };
        self.user(Reader::new("a handle", &item).parsed(OWNER)?).await
    }

    async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.get_user_item(user.to_string()).await?.as_ref().map(account).transpose()
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
        let users: BTreeSet<UserId> = users.iter().copied().collect();
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let keys = users.into_iter().map(|user| Item::from([(USER.to_owned(), text(user))])).collect();
        let names = [("#user", USER), ("#handle", HANDLE), ("#name", DISPLAY_NAME), ("#avatar", AVATAR)];
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .projection_expression("#user, #handle, #name, #avatar")
            .set_expression_attribute_names(Some(
                names.map(|(name, attribute)| (name.to_owned(), attribute.to_owned())).into(),
            ));
        batch::get(&self.client, &self.tables.users, wanted).await?.iter().map(profile).collect()
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<Account>, StoreError> {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key(USER, text(user))
            .condition_expression("attribute_exists(#user)")
            .expression_attribute_names("#user", USER)
            .return_values(ReturnValue::AllNew);
        if let Some(name) = &change.display_name {
            set.push("#name = :name");
            update = update
                .expression_attribute_names("#name", DISPLAY_NAME)
                .expression_attribute_values(":name", text(name));
        }
        if let Some(avatar) = &change.avatar {
            update = update.expression_attribute_names("#avatar", AVATAR);
            match avatar {
                Some(avatar) => {
                    set.push("#avatar = :avatar");
                    update = update.expression_attribute_values(":avatar", text(avatar));
                }
                None => remove.push("#avatar"),
            }
        }
        if let Some(group_adds) = change.group_adds {
            set.push("#group_adds = :group_adds");
            update = update
                .expression_attribute_names("#group_adds", GROUP_ADDS)
                .expression_attribute_values(":group_adds", text(group_adds.as_str()));
        }
        let clauses: Vec<String> = [("SET", set), ("REMOVE", remove)]
            .into_iter()
            .filter(|(_, actions)| !actions.is_empty())
            .map(|(clause, actions)| format!("{clause} {}", actions.join(", ")))
            .collect();
        if clauses.is_empty() {
            return self.user(user).await;
        }
        let updated = if_condition_held(update.update_expression(clauses.join(" ")).send().await)?;
        updated.as_ref().and_then(|updated| updated.attributes()).map(account).transpose()
    }

    async fn claim_password_change(
        &self,
        user: UserId,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let unchanged = unchanged(user, change);
        // A claim of the future was written by a wrong clock.
        let is_free = "attribute_not_exists(#change) OR #change.#by = :by OR #change.#at < :over OR #change.#at > :ahead";
        let claim = Item::from([(BY.to_owned(), text(change.by)), (AT_MS.to_owned(), time(now))]);
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key(USER, text(user))
            .update_expression("SET #change = :change")
            .condition_expression(format!("{} AND ({is_free})", unchanged.expression()))
            .set_expression_attribute_names(Some(unchanged.names.clone()))
            .set_expression_attribute_values(unchanged.values())
            .expression_attribute_names("#change", PASSWORD_CHANGE)
            .expression_attribute_names("#by", BY)
            .expression_attribute_names("#at", AT_MS)
            .expression_attribute_values(":by", text(change.by))
            .expression_attribute_values(":over", time(now.minus(PASSWORD_CHANGE_CLAIMED)))
            .expression_attribute_values(":ahead", time(now.plus(AHEAD_MAX)))
            .expression_attribute_values(":change", AttributeValue::M(claim));
        condition_held(update.send().await)
    }

    async fn replace_password(
        &self,
        user: UserId,
        replacement: &PasswordReplacement,
        hash: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (set, unchanged) = match replacement {
            PasswordReplacement::Renewed(seen) => {
                ("SET #hash = :hash", Comparison::default().and(PASSWORD_HASH, Some(text(&seen.0))))
            }
            PasswordReplacement::Changed(change) => {
                ("SET #hash = :hash, #changes = :changes REMOVE #change", unchanged(user, change))
            }
        };
        let is_claimed = match replacement {
            PasswordReplacement::Renewed(_) => "",
            PasswordReplacement::Changed(_) => " AND #change.#by = :by",
        };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.users)
            .key(USER, text(user))
            .update_expression(set)
            .condition_expression(format!("{}{is_claimed}", unchanged.expression()))
            .set_expression_attribute_names(Some(unchanged.names.clone()))
            .set_expression_attribute_values(unchanged.values())
            .expression_attribute_names("#hash", PASSWORD_HASH)
            .expression_attribute_values(":hash", text(&hash.0));
        if let PasswordReplacement::Changed(change) = replacement {
            update = update
                .expression_attribute_names("#changes", PASSWORD_CHANGES)
                .expression_attribute_names("#change", PASSWORD_CHANGE)
                .expression_attribute_names("#by", BY)
                .expression_attribute_values(":changes", number(change.seen + 1))
                .expression_attribute_values(":by", text(change.by));
        }
        condition_held(update.send().await)
    }
}

/// Condition that the user exists and the number of password changes is the one that the change has read.
fn unchanged(user: UserId, change: &PasswordChange) -> Comparison {
    Comparison::default()
        .and(PASSWORD_CHANGES, (change.seen > 0).then(|| number(change.seen)))
        .and(USER, Some(text(user)))
}

impl Store {
    /// Write that counts a use of an invite, if the invite has one left.
    fn use_of(&self, invite: &Invite) -> Result<TransactWriteItem, StoreError> {
        let expires_at = invite.expires_at.plus(USES_KEPT_LONGER).as_seconds_up();
        let update = Update::builder()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(format_args!("invite#{}", invite.id)))
            .update_expression("SET #expires_at = :expires_at ADD #uses :one")
            .condition_expression("attribute_not_exists(#uses) OR #uses < :max")
            .expression_attribute_names("#uses", USES)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":max", number(invite.uses))
            .expression_attribute_values(":expires_at", number(expires_at))
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    async fn get_user_item(&self, key: String) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .key(USER, AttributeValue::S(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        Ok(output.item)
    }
}

fn handle_key(handle: &Handle) -> String {
    format!("handle#{handle}")
}

fn put_new(table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#user)")
        .expression_attribute_names("#user", USER)
        .build()
        .map_err(|error| StoreError::Rejected(error.into()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Reason of one item for which a transaction was cancelled.
fn why_cancelled<R>(error: &SdkError<TransactWriteItemsError, R>, index: usize) -> Option<&str> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    cancelled.cancellation_reasons().get(index)?.code()
}

fn account_item(account: &Account) -> Item {
    let Profile { user, handle, display_name, avatar } = &account.profile;
    let mut item = Item::from([
        (USER.to_owned(), text(user)),
        (HANDLE.to_owned(), text(handle)),
        (DISPLAY_NAME.to_owned(), text(display_name)),
        (PASSWORD_HASH.to_owned(), text(&account.password_hash.0)),
        (CREATED_AT_MS.to_owned(), time(account.created_at)),
    ]);
    if account.password_changes > 0 {
        item.insert(PASSWORD_CHANGES.to_owned(), number(account.password_changes));
    }
    item.extend(avatar.as_ref().map(|avatar| (AVATAR.to_owned(), text(avatar))));
    if account.group_adds != GroupAdds::default() {
        item.insert(GROUP_ADDS.to_owned(), text(account.group_adds.as_str()));
    }
    item
}

fn account(item: &Item) -> Result<Account, StoreError> {
    let reader = Reader::new("an account", item);
    Ok(Account {
        profile: profile(item)?,
        password_hash: PasswordHash(reader.text(PASSWORD_HASH)?.to_owned()),
        password_changes: reader.optional_number(PASSWORD_CHANGES)?.unwrap_or(0),
        created_at: reader.time(CREATED_AT_MS)?,
        group_adds: match reader.optional_text(GROUP_ADDS)? {
            Some(word) => GroupAdds::parse(word).map_err(|_| reader.malformed(GROUP_ADDS))?,
            None => GroupAdds::default(),
        },
    })
}

fn profile(item: &Item) -> Result<Profile, StoreError> {
    let reader = Reader::new("an account", item);
    Ok(Profile {
        user: reader.parsed(USER)?,
        handle: Handle::parse(reader.text(HANDLE)?).map_err(|_| reader.malformed(HANDLE))?,
        display_name: reader.text(DISPLAY_NAME)?.to_owned(),
        avatar: reader.optional_text(AVATAR)?.map(str::to_owned),
    })
}
