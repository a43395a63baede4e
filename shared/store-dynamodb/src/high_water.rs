//! High-water marks of logs.
//!
//! Shape: `{conversation S, seq N, head N, at_ms N, upto N, revision N, kept_seconds N?, kept_seconds_before N?}`; each
//! of the last two is absent if messages are kept for ever, and 0 if the retention is unknown. The item lies after the
//! last position of its log, so that one query reads it with the newest entries.
//!
//! Before marks had revisions, they lay before the first position: `{conversation S, seq N (0), head N, at_ms N, upto
//! N}`. Such a mark is read if the newest entry is of that time, or if no entry is left. The first change writes the
//! mark at its new position, and the old item stays unchanged.

use confab_app::ports::StoreError;
use confab_domain::high_water::HighWaterMark;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Seq};

use crate::error::{condition_held, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::schema::{CONVERSATION, SEQ};
use crate::{Store, message_log};

const HEAD: &str = "head";
const AT_MS: &str = "at_ms";
const RESERVED_THROUGH: &str = "upto";
const REVISION: &str = "revision";
const KEPT_SECONDS: &str = "kept_seconds";
const KEPT_SECONDS_BEFORE: &str = "kept_seconds_before";

/// Position of a log's mark: after every entry.
pub(crate) const POSITION: u64 = Seq::MAX.get() + 1;

/// Position of a mark without a revision: before every entry.
const OLD_POSITION: u64 = 0;

/// Whether an item of a log is its mark.
pub(crate) fn is_mark(item: &Item) -> bool {
    item.get(SEQ) == Some(&number(POSITION))
}

impl Store {
    pub(crate) async fn get_mark(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<HighWaterMark>, StoreError> {
        match self.mark_at(conversation, POSITION).await? {
            Some(mark) => Ok(Some(mark)),
            None => self.mark_at(conversation, OLD_POSITION).await,
        }
    }

    /// Returns the mark of a log whose end was read: `mark` is the mark item in that end, `newest` the newest entry.
    pub(crate) async fn known_mark(
        &self,
        conversation: ConversationId,
        mark: Option<&Item>,
        newest: Option<&Item>,
    ) -> Result<Option<HighWaterMark>, StoreError> {
        let mark = mark.map(read).transpose()?;
        let is_new = newest.map_or(mark.is_some(), |newest| !message_log::is_old(newest));
        if is_new {
            return Ok(mark);
        }
        let old = self.mark_at(conversation, OLD_POSITION).await?;
        Ok(match (mark, old) {
            // A version that knows no revisions has written last, and has reserved more.
            (Some(mark), Some(old)) if old.reserved_through > mark.reserved_through => {
                Some(HighWaterMark { revision: mark.revision, ..old })
            }
            (mark, old) => mark.or(old),
        })
    }

    async fn mark_at(
        &self,
        conversation: ConversationId,
        position: u64,
    ) -> Result<Option<HighWaterMark>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.messages)
            .key(CONVERSATION, text(conversation))
            .key(SEQ, number(position))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        output.item().map(read).transpose()
    }

    pub(crate) async fn put_mark(
        &self,
        conversation: ConversationId,
        mark: HighWaterMark,
    ) -> Result<bool, StoreError> {
        let lives = [
            (":kept", KEPT_SECONDS, mark.retention.as_seconds()),
            (":kept_before", KEPT_SECONDS_BEFORE, mark.retention_before.as_seconds()),
        ];
        let mut sets = vec!["#head = :head, #at = :at, #upto = :upto, #revision = :revision".to_owned()];
        let mut removed = Vec::new();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .key(CONVERSATION, text(conversation))
            .key(SEQ, number(POSITION))
            .expression_attribute_names("#head", HEAD)
            .expression_attribute_names("#at", AT_MS)
            .expression_attribute_names("#upto", RESERVED_THROUGH)
            .expression_attribute_names("#revision", REVISION)
            .expression_attribute_values(":head", number(mark.used_through.map_or(0, Seq::get)))
            .expression_attribute_values(":at", time(mark.at))
            .expression_attribute_values(":upto", number(mark.reserved_through.get()))
            .expression_attribute_values(":revision", number(mark.revision));
        for (placeholder, name, seconds) in lives {
            match seconds {
                Some(seconds) => {
                    sets.push(format!("{name} = {placeholder}"));
                    update = update.expression_attribute_values(placeholder, number(seconds));
                }
                None => removed.push(name),
            }
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removed.is_empty() {
            expression = format!("{expression} REMOVE {}", removed.join(", "));
        }
        update = match mark.revision {
            0 | 1 => update.condition_expression("attribute_not_exists(#revision)"),
            later => update
                .condition_expression("#revision = :before")
                .expression_attribute_values(":before", number(later - 1)),
        };
        condition_held(update.update_expression(expression).send().await)
    }
}

fn read(item: &Item) -> Result<HighWaterMark, StoreError> {
    let reader = Reader::new("a high-water mark", item);
    let (used_through, at) = (Seq::new(reader.number(HEAD)?), reader.time(AT_MS)?);
    let reserved_through =
        Seq::new(reader.number(RESERVED_THROUGH)?).ok_or_else(|| reader.malformed(RESERVED_THROUGH))?;
    let Some(revision) = reader.optional_number(REVISION)? else {
        return Ok(HighWaterMark::of_unknown_retention(used_through, at, reserved_through, 0));
    };
    let retention = |name| Ok::<_, StoreError>(Retention::from_seconds(reader.optional_number(name)?));
    Ok(HighWaterMark {
        used_through,
        at,
        reserved_through,
        retention: retention(KEPT_SECONDS)?,
        retention_before: retention(KEPT_SECONDS_BEFORE)?,
        revision,
    })
}
