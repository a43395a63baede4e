//! Endpoints as rows.

use rusqlite::{OptionalExtension, Result, Row, params};

use super::{Position, Tables};
use crate::sns::endpoint::Endpoint;

impl Tables<'_> {
    pub(in crate::sns) fn endpoint(&self, arn: &str) -> Result<Option<Endpoint>> {
        let mut select = self.0.prepare_cached("SELECT * FROM endpoints WHERE arn = ?")?;
        select.query_row([arn], endpoint).optional()
    }

    pub(in crate::sns) fn endpoint_with_token(
        &self,
        application: &str,
        token: &str,
    ) -> Result<Option<Endpoint>> {
        let sql = "SELECT * FROM endpoints WHERE application = ? AND token = ?";
        self.0.prepare_cached(sql)?.query_row([application, token], endpoint).optional()
    }

    /// Returns up to `limit` endpoints of an application, oldest first.
    pub(in crate::sns) fn endpoints_after(
        &self,
        application: &str,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Endpoint)>> {
        let sql = "SELECT * FROM endpoints WHERE application = ? AND position > ? ORDER BY position LIMIT ?";
        let mut select = self.0.prepare_cached(sql)?;
        let rows = select.query_map(params![application, after.0, limit], |row| {
            Ok((Position(row.get("position")?), endpoint(row)?))
        })?;
        rows.collect()
    }

    /// Creates an endpoint, or replaces its row.
    pub(in crate::sns) fn put_endpoint(&self, endpoint: &Endpoint) -> Result<()> {
        let sql = "INSERT INTO endpoints (arn, application, token, is_enabled, user_data)
                   VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (arn) DO UPDATE SET
                       token = excluded.token,
                       is_enabled = excluded.is_enabled,
                       user_data = excluded.user_data";
        let Endpoint { arn, application, token, is_enabled, user_data } = endpoint;
        let parameters = params![arn, application, token, is_enabled, user_data];
        self.0.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }

    /// Removes an endpoint, if it exists.
    pub(in crate::sns) fn delete_endpoint(&self, arn: &str) -> Result<()> {
        self.0.prepare_cached("DELETE FROM endpoints WHERE arn = ?")?.execute([arn])?;
        Ok(())
    }
}

fn endpoint(row: &Row<'_>) -> Result<Endpoint> {
    Ok(Endpoint {
        arn: row.get("arn")?,
        application: row.get("application")?,
        token: row.get("token")?,
        is_enabled: row.get("is_enabled")?,
        user_data: row.get("user_data")?,
    })
}
