//! Accounts and handles.
//!
//! Shape: `{user S "usr_…", handle S, display_name S, avatar S?, password_hash S, created_at_ms N,
//! group_adds S?}`,
//! and `{user S "handle#…", owner S}`, which makes a handle unique.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, ReturnValue, TransactWriteItem};
use confab_app::ports::{Account, CreateUserOutcome, PasswordHash, ProfileChange, StoreError, Users};
use confab_domain::UserId;
use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;

use crate::devices::device_item;
use crate::error::store_error;
use crate::item::{Item, Reader, text, time};
use crate::schema::USER;
use crate::{Store, batch};

const HANDLE: &str = "handle";
const DISPLAY_NAME: &str = "display_name";
const AVATAR: &str = "avatar";
const PASSWORD_HASH: &str = "password_hash";
const CREATED_AT_MS: &str = "created_at_ms";
const GROUP_ADDS: &str = "group_adds";
const OWNER: &str = "owner";

/// Where the handle's item stands in the transaction that makes an account.
const HANDLE_INDEX: usize = 0;

impl Users for Store {
    async fn create_user(&self, account: &Account, device: &Device) -> Result<CreateUserOutcome, StoreError> {
        let handle = Item::from([
            (USER.to_owned(), text(handle_key(&account.profile.handle))),
            (OWNER.to_owned(), text(account.profile.user)),
        ]);
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(put_new(&self.tables.users, handle)?)
            .transact_items(put_new(&self.tables.users, account_item(account))?)
            .transact_items(put_new(&self.tables.devices, device_item(device))?);
        match transaction.send().await {
            Ok(_) => Ok(CreateUserOutcome::Created),
            Err(error) if handle_is_taken(&error) => Ok(CreateUserOutcome::HandleTaken),
            Err(error) => Err(store_error(error)),
        }
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
        match update.update_expression(clauses.join(" ")).send().await {
            Ok(output) => output.attributes().map(account).transpose(),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

impl Store {
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

fn handle_is_taken<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return false;
    };
    let reason = cancelled.cancellation_reasons().get(HANDLE_INDEX);
    reason.is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"))
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
