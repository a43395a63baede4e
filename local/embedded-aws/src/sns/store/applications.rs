//! Platform applications as rows.

use rusqlite::{OptionalExtension, Result, Row, params, types::Type};

use super::{Position, Tables};
use crate::sns::{application::Application, platform::Platform};

impl Tables<'_> {
    pub(in crate::sns) fn application(&self, arn: &str) -> Result<Option<Application>> {
        let mut select = self.0.prepare_cached("SELECT * FROM applications WHERE arn = ?")?;
        select.query_row([arn], application).optional()
    }

    /// Returns up to `limit` applications, oldest first.
    pub(in crate::sns) fn applications_after(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Application)>> {
        let sql = "SELECT * FROM applications WHERE position > ? ORDER BY position LIMIT ?";
        let mut select = self.0.prepare_cached(sql)?;
        let rows = select.query_map(params![after.0, limit], |row| {
            Ok((Position(row.get("position")?), application(row)?))
        })?;
        rows.collect()
    }

    /// Creates an application, or replaces its row.
    pub(in crate::sns) fn put_application(&self, application: &Application) -> Result<()> {
        let sql = "INSERT INTO applications (arn, platform, is_enabled) VALUES (?, ?, ?)
                   ON CONFLICT (arn) DO UPDATE SET is_enabled = excluded.is_enabled";
        let Application { arn, platform, is_enabled } = application;
        self.0.prepare_cached(sql)?.execute(params![arn, platform.name(), is_enabled])?;
        Ok(())
    }

    /// Removes an application, if it exists, and its endpoints.
    pub(in crate::sns) fn delete_application(&self, arn: &str) -> Result<()> {
        self.0.prepare_cached("DELETE FROM endpoints WHERE application = ?")?.execute([arn])?;
        self.0.prepare_cached("DELETE FROM applications WHERE arn = ?")?.execute([arn])?;
        Ok(())
    }
}

fn application(row: &Row<'_>) -> Result<Application> {
    let platform = Platform::parse(row.get_ref("platform")?.as_str()?);
    let unknown = || rusqlite::Error::InvalidColumnType(2, "platform".to_owned(), Type::Text);
    Ok(Application {
        arn: row.get("arn")?,
        platform: platform.ok_or_else(unknown)?,
        is_enabled: row.get("is_enabled")?,
    })
}
