//! Published messages, as rows.

use rusqlite::{Result, params};

use super::Tables;
use crate::{
    sns::Published,
    sqlite::{json, text},
};

/// Most messages that are kept; the oldest are removed.
///
/// They are for tests and for developers, who need no more. A runner that runs for months must not fill the disk: with
/// pushes of 4 KiB, the largest that APNs takes, these are 40 MiB.
const KEPT_MAX: i64 = 10_000;

impl Tables<'_> {
    /// Records a message.
    pub(in crate::sns) fn keep(&self, published: &Published) -> Result<()> {
        let sql = "INSERT INTO published (endpoint, platform, token, message, attributes, sent_at_ms)
                   VALUES (?, ?, ?, ?, ?, ?)";
        let Published { endpoint, platform, token, message, attributes, sent_at_ms } = published;
        let attributes = text(attributes)?;
        let parameters = params![endpoint, platform, token, message, attributes, sent_at_ms];
        self.0.prepare_cached(sql)?.execute(parameters)?;
        // The newest row is never removed, so positions have no gaps.
        let oldest = self.0.last_insert_rowid() - KEPT_MAX;
        self.0.prepare_cached("DELETE FROM published WHERE position <= ?")?.execute([oldest])?;
        Ok(())
    }

    /// Returns all messages, oldest first.
    pub(super) fn published(&self) -> Result<Vec<Published>> {
        let mut select = self.0.prepare_cached(
            "SELECT attributes, endpoint, platform, token, message, sent_at_ms
             FROM published ORDER BY position",
        )?;
        let rows = select.query_map([], |row| {
            Ok(Published {
                attributes: json(row, 0)?,
                endpoint: row.get("endpoint")?,
                platform: row.get("platform")?,
                token: row.get("token")?,
                message: row.get("message")?,
                sent_at_ms: row.get("sent_at_ms")?,
            })
        })?;
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sns::store::Store;

    #[test]
    fn messages_beyond_the_limit_are_removed_oldest_first() {
        let mut store = Store::in_memory().unwrap();
        let sent = store.transaction(|tables| {
            for sent_at_ms in 0..u64::try_from(KEPT_MAX).unwrap() + 3 {
                let field = || "some".to_owned();
                tables.keep(&Published {
                    endpoint: field(),
                    platform: field(),
                    token: field(),
                    message: field(),
                    attributes: BTreeMap::new(),
                    sent_at_ms,
                })?;
            }
            Ok(())
        });
        sent.unwrap();
        let moments: Vec<_> = store.published().unwrap().iter().map(|one| one.sent_at_ms).collect();
        assert_eq!(moments.first(), Some(&3));
        assert_eq!(moments.len(), 10_000);
        assert!(moments.is_sorted());
    }
}
