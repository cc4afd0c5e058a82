//! The causes of failed calls.

use std::{error::Error, fmt, time::Duration};

use sqlx::postgres::PgDatabaseError;

/// The SQLSTATE of a wait for a lock that exceeded the `lock_timeout`.
pub(super) const LOCK_TIMEOUT: &str = "55P03";

/// The cause of a [`StoreError`](crate::store::StoreError) of the store.
pub(super) enum Failure {
    /// No connection was free, or could be opened.
    NoConnection,
    /// The call exceeded this time limit.
    NoAnswer(Duration),
    /// A transaction has locked the row.
    Locked,
    /// The server or the connection failed. The text is the remedy, if it is known.
    Database(Option<String>, sqlx::Error),
}

impl Failure {
    pub(super) fn new(error: sqlx::Error, table: &str) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::NoConnection;
        }
        let remedy = match code(&error).as_deref() {
            Some("42P01" | "3F000") => {
                format!(
                    "table {table} is missing: call `PostgresStore::migrate`, or run `PostgresStore::SCHEMA`; or it is \
                     not visible to the role, because of the `search_path` or without `USAGE` on its schema"
                )
            }
            Some("42501") => format!(
                "role lacks `SELECT`, `INSERT`, `UPDATE` or `DELETE` on {table}, `USAGE` on its schema or, for \
                 `migrate`, `CREATE`"
            ),
            Some("42703") => format!("table {table} was not created by `PostgresStore::SCHEMA`"),
            Some("26000" | "42P05") => {
                "PgBouncer does not support prepared statements: set `max_prepared_statements`, or call \
                 `PostgresStore::without_prepared_statements`"
                    .to_owned()
            }
            _ => return Self::Database(None, error),
        };
        Self::Database(Some(remedy), error)
    }

    /// Returns whether another transaction inserted the same key for longer than the `lock_timeout`. The server
    /// reports the context of a wait for a row, in the language of its messages, but not of a wait for the table.
    pub(super) fn is_insertion_timeout(&self) -> bool {
        let Self::Database(_, error) = self else { return false };
        let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
        error.is_some_and(|error| error.code() == LOCK_TIMEOUT && error.r#where().is_some())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The pool does not return the error of a connection that it retries.
            Self::NoConnection => f.write_str(
                "no connection in time: all are in use, or the server is down or rejects connections",
            ),
            Self::NoAnswer(limit) => write!(f, "server did not answer within {limit:?}"),
            Self::Locked => f.write_str("row is locked by an open transaction"),
            Self::Database(Some(remedy), _) => f.write_str(remedy),
            Self::Database(None, error) => error.fmt(f),
        }
    }
}

/// The text with its source, because a `main` that returns an error prints it with `Debug`.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source() {
            Some(source) => write!(f, "{self}: {source}"),
            None => write!(f, "{self}"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(Some(_), error) => Some(error),
            Self::Database(None, error) => error.source(),
            _ => None,
        }
    }
}

/// Returns the SQLSTATE of an error.
pub(super) fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Returns whether a repetition may succeed. The statement may have run or not.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match code(error).as_deref() {
        // The server's isolation level is stricter than READ COMMITTED, and another statement changed the row.
        Some("40001" | "40P01") => true,
        // The server restarts, or is the former primary behind an address that now leads elsewhere.
        Some("25006" | "53300" | "57P01" | "57P02" | "57P03") => true,
        Some(code) => code.starts_with("08"),
        None => matches!(error, sqlx::Error::Io(_)),
    }
}

/// Returns whether the connection can be used after the error.
pub(super) fn leaves_connection_intact(error: &sqlx::Error) -> bool {
    // A broken connection, or one to a server that cannot write, is replaced by a new one.
    code(error).is_some() && (!may_pass(error) || matches!(code(error).as_deref(), Some("40001" | "40P01")))
}
