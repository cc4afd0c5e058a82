//! Connecting to a store by URL.

use std::{borrow::Cow, error::Error, fmt};

use super::{AnyStore, MokaStore, StoreError};

impl AnyStore {
    /// Connects to the store at `url`.
    ///
    /// | URL | store | parameters |
    /// |---|---|---|
    /// | `memory:` | [`MokaStore`] | `capacity`: completed keys; default: 100,000 |
    /// | `redis://[user:password@]host[:port][/database]`, with TLS `rediss://` | `RedisStore` (feature `redis`) | `prefix` of all keys; default: `webhook` |
    ///
    /// | `postgres://[user[:password]@]host[:port][/database]` | `PostgresStore` (feature `postgres`) | `table`; default: `webhook_deliveries`; `schema`; default: the `search_path` |
    ///
    /// `valkey://` and `valkeys://` are aliases of `redis://` and `rediss://`, and `redis+unix:///path` names
    /// a socket. Apart from `prefix`, these URLs are passed to the `redis` crate, which has its own
    /// parameters: `protocol` and, for a socket, `db`, `user` and `pass`.
    ///
    /// `postgresql://` is an alias of `postgres://`. The table must exist: run
    /// `PostgresStore::SCHEMA`, or `PostgresStore::migrate` in another program. Apart from `table` and `schema`,
    /// these URLs are passed to the `sqlx` crate, with its parameters `host` (also the directory of a socket),
    /// `port`, `user`, `password`, `dbname`, `application_name`, `options`, `sslmode`, `sslrootcert`, `sslcert`
    /// and `sslkey`.
    ///
    /// ```no_run
    /// use tower_webhook::{BoxError, Secret, WebhookLayer, store::AnyStore};
    ///
    /// # async fn demo(secret: Secret) -> Result<(), BoxError> {
    /// let url = std::env::var("STORE_URL").unwrap_or("memory:".to_owned()); // redis://db.internal?prefix=shop
    /// let layer = WebhookLayer::new(secret).dedupe(AnyStore::connect(&url).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid or requires a disabled feature, or if the server rejects the
    /// login or cannot be reached within 5 s. Unknown parameters are errors. Errors never contain the URL, or
    /// a part of it that may belong to its password, such as the name of an unknown parameter.
    ///
    /// # Panics
    ///
    /// With a Redis or Postgres URL, panics outside a tokio runtime with I/O and time enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future leaves no connection behind.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let url = StoreUrl::parse(url)?;
        match &*url.scheme {
            "memory" => url.memory(),
            "redis" | "rediss" | "valkey" | "valkeys" => url.redis(&["prefix", "protocol"]).await,
            "redis+unix" => url.redis(&["prefix", "protocol", "db", "user", "pass"]).await,
            "postgres" | "postgresql" => url.postgres().await,
            // The text before the first colon may be a password.
            _ => Err(ConnectError::invalid(
                "scheme is unknown: expected `memory:`, `postgres://`, `redis://` or `rediss://`",
            )),
        }
    }
}

/// The raw parts of a store's URL.
struct StoreUrl<'u> {
    scheme: String,
    /// The text after the scheme and its colon.
    rest: &'u str,
    query: &'u str,
    /// Includes the `#`, if present.
    fragment: &'u str,
}

impl<'u> StoreUrl<'u> {
    fn parse(url: &'u str) -> Result<Self, ConnectError> {
        let url = url.trim();
        let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        let (url, query) = url.split_once('?').unwrap_or((url, ""));
        let is_scheme = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphabetic())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        };
        let Some((scheme, rest)) = url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return Err(ConnectError::invalid(
                "scheme is missing: expected `memory:`, `postgres://`, `redis://` or `rediss://`",
            ));
        };
        // An `@` here may belong to a password, which an error must not contain.
        if query.contains('@') || fragment.contains('@') {
            return Err(ConnectError::invalid(
                "`@` follows `?` or `#`: percent-encode these characters in the password",
            ));
        }
        Ok(Self { scheme: scheme.to_ascii_lowercase(), rest, query, fragment })
    }

    /// Checks that all parameters are in `known`, and that none is repeated. An unknown name is not shown,
    /// because it may be the rest of a password that contains `&` or `?`.
    fn check_parameters(&self, known: &[&str]) -> Result<(), ConnectError> {
        let mut seen = Vec::new();
        for (index, (name, _)) in form_urlencoded::parse(self.query.as_bytes()).enumerate() {
            if !known.contains(&&*name) {
                let (number, known) = (index + 1, known.join("`, `"));
                return Err(ConnectError::invalid(format!(
                    "parameter {number} is unknown: expected `{known}`"
                )));
            }
            if seen.contains(&name) {
                return Err(ConnectError::invalid(format!("parameter `{name}` is repeated")));
            }
            seen.push(name);
        }
        Ok(())
    }

    fn parameter(&self, wanted: &str) -> Option<Cow<'u, str>> {
        form_urlencoded::parse(self.query.as_bytes())
            .find_map(|(name, value)| (name == wanted).then_some(value))
    }

    fn memory(&self) -> Result<AnyStore, ConnectError> {
        self.check_parameters(&["capacity"])?;
        if !matches!(self.rest, "" | "//") || !self.fragment.is_empty() {
            return Err(ConnectError::invalid("`memory:` does not accept a host, path or fragment"));
        }
        let capacity = match self.parameter("capacity") {
            None => MokaStore::DEFAULT_CAPACITY,
            Some(text) => {
                let invalid = |_| ConnectError::invalid("parameter `capacity` is not a whole number");
                text.parse().map_err(invalid)?
            }
        };
        Ok(MokaStore::new(capacity).into())
    }

    /// Returns the URL without our own parameters.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    fn without(&self, ours: &[&str]) -> String {
        let is_ours =
            |pair: &&str| form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| ours.contains(&&*name));
        let theirs: Vec<_> = self.query.split('&').filter(|pair| !is_ours(pair)).collect();
        format!("{}:{}?{}{}", self.scheme, self.rest, theirs.join("&"), self.fragment)
    }

    /// Checks a `postgres://` URL.
    fn check_postgres(&self) -> Result<(), ConnectError> {
        // The names that `sqlx` knows: it logs any other parameter.
        self.check_parameters(&[
            "table",
            "schema",
            "host",
            "port",
            "user",
            "password",
            "dbname",
            "application_name",
            "options",
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
        ])?;
        if !self.fragment.is_empty() {
            return Err(ConnectError::invalid("`postgres://` does not accept a fragment"));
        }
        // Otherwise the password could be part of the path. The server would show it as the name of a database.
        let Some(rest) = self.rest.strip_prefix("//") else {
            return Err(ConnectError::invalid("`//` is missing: expected `postgres://`"));
        };
        if rest.split_once('/').is_some_and(|(_, path)| path.contains('@')) {
            return Err(ConnectError::invalid("`@` follows `/`: percent-encode `/` in the password"));
        }
        Ok(())
    }

    #[cfg(feature = "postgres")]
    async fn postgres(&self) -> Result<AnyStore, ConnectError> {
        self.check_postgres()?;
        let mut store = super::PostgresStore::connect(&self.without(&["table", "schema"])).await?;
        if let Some(table) = self.parameter("table") {
            store = store.table(&table);
        }
        if let Some(schema) = self.parameter("schema") {
            store = store.schema(&schema);
        }
        Ok(store.into())
    }

    #[cfg(not(feature = "postgres"))]
    async fn postgres(&self) -> Result<AnyStore, ConnectError> {
        self.check_postgres()?;
        Err(ConnectError::MissingFeature("postgres"))
    }

    #[cfg(feature = "redis")]
    async fn redis(&self, known: &[&str]) -> Result<AnyStore, ConnectError> {
        self.check_parameters(known)?;
        let store = super::RedisStore::connect(&self.without(&["prefix"])).await?;
        Ok(match self.parameter("prefix") {
            Some(prefix) => store.prefix(&prefix).into(),
            None => store.into(),
        })
    }

    #[cfg(not(feature = "redis"))]
    async fn redis(&self, known: &[&str]) -> Result<AnyStore, ConnectError> {
        self.check_parameters(known)?;
        Err(ConnectError::MissingFeature("redis"))
    }
}

/// The error of [`AnyStore::connect`].
///
/// It contains neither the URL nor its password.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is malformed, or its scheme or a parameter is unknown. The text is the reason.
    InvalidUrl(String),
    /// The URL's scheme requires this feature of the crate, which is disabled.
    MissingFeature(&'static str),
    /// The store failed: its server cannot be reached, or rejects the login.
    Store(StoreError),
}

impl ConnectError {
    fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidUrl(reason.into())
    }
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUrl(reason) => write!(f, "store URL cannot be used: {reason}"),
            Self::MissingFeature(feature) => write!(f, "store URL requires the feature `{feature}`"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error(url: &str) -> String {
        match AnyStore::connect(url).await {
            Ok(store) => format!("{store:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn memory_url_sets_the_capacity() {
        for (url, capacity) in [
            ("memory:", 100_000),
            ("memory://", 100_000),
            (" MEMORY:\n", 100_000),
            ("memory:?", 100_000),
            ("memory:?capacity=7", 7),
            ("memory://?c%61pacity=1000000", 1_000_000),
        ] {
            assert_eq!(
                error(url).await,
                format!("AnyStore(MokaStore {{ capacity: {capacity}, .. }})"),
                "{url}"
            );
        }
    }

    #[tokio::test]
    async fn errors_state_why_a_url_is_invalid() {
        for (url, reason) in [
            ("", "scheme is missing"),
            ("memory", "scheme is missing"),
            ("127.0.0.1:6379", "scheme is missing"),
            ("/deliveries.db", "scheme is missing"),
            ("disk:deliveries.db", "scheme is unknown"),
            ("http://127.0.0.1", "scheme is unknown"),
            (
                "postgres://127.0.0.1?prefix=shop",
                "parameter 1 is unknown: expected `table`, `schema`, `host`",
            ),
            ("postgresql:///hooks?table=a&table=b", "parameter `table` is repeated"),
            ("postgres://127.0.0.1/hooks#7", "does not accept a fragment"),
            ("postgres://user:a/b@127.0.0.1/hooks", "`@` follows `/`"),
            ("postgres:///user:a@127.0.0.1/hooks", "`@` follows `/`"),
            ("postgres:////user:a@127.0.0.1/hooks", "`@` follows `/`"),
            ("postgres:/user:a@127.0.0.1/hooks", "`//` is missing"),
            ("postgres:user:a@127.0.0.1/hooks", "`//` is missing"),
            ("postgresql:", "`//` is missing"),
            ("memory:7", "does not accept a host, path or fragment"),
            ("memory://host", "does not accept a host, path or fragment"),
            ("memory:#7", "does not accept a host, path or fragment"),
            ("memory:?capasity=7", "parameter 1 is unknown: expected `capacity`"),
            ("memory:?capacity=7&prefix=shop", "parameter 2 is unknown: expected `capacity`"),
            ("memory:?capacity=7&capacity=8", "parameter `capacity` is repeated"),
            ("memory:?capacity=", "parameter `capacity` is not a whole number"),
            ("memory:?capacity=-7", "parameter `capacity` is not a whole number"),
            ("memory:?capacity=1e6", "parameter `capacity` is not a whole number"),
            ("redis://127.0.0.1?capacity=7", "parameter 1 is unknown: expected `prefix`, `protocol`"),
            ("redis://127.0.0.1?prefix=a&prefix=b", "parameter `prefix` is repeated"),
            ("redis://127.0.0.1?prefix=a&db=1", "parameter 2 is unknown: expected `prefix`, `protocol`"),
        ] {
            let error = error(url).await;
            let expected = error.starts_with("store URL cannot be used: ") && error.contains(reason);
            assert!(expected, "{url}: {error}");
        }
    }

    #[test]
    fn the_cause_is_that_of_the_store() {
        let error = ConnectError::from(StoreError::new("connection refused"));
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("connection refused"));
    }

    #[tokio::test]
    async fn errors_contain_no_part_of_a_password() {
        for url in [
            "hunter2",
            "user:hunter2@127.0.0.1",
            ":hunter2@127.0.0.1",
            "http://:hunter2@127.0.0.1",
            "postgres://user:hunter2@127.0.0.1:1/hooks",
            "postgres:///user:hunter2@127.0.0.1:1/hooks",
            "postgres:////user:hunter2@127.0.0.1:1/hooks",
            "postgres:/user:hunter2@127.0.0.1:1/hooks",
            "postgres:user:hunter2@127.0.0.1:1/hooks",
            "postgres://user:hun/ter2@127.0.0.1:1/hooks",
            "postgres://user:hun?ter2@127.0.0.1:1/hooks",
            "postgres://user:hun#ter2@127.0.0.1:1/hooks",
            "memory://:hunter2@127.0.0.1",
            "redis://:hun?ter2@127.0.0.1",
            "redis://:hun?ter2=@127.0.0.1",
            "redis://:hun#ter2@127.0.0.1",
            "redis://:hun/ter2@127.0.0.1:1",
            "redis://:hun:ter2@127.0.0.1:what",
            "redis://:hunter2@127.0.0.1?capacity=7",
            "redis://127.0.0.1/0?hunter2",
            "redis+unix:///socket?pass=hun&ter2",
            "redis+unix:///socket?pass=a&hunter2=b",
            "redis+unix:///socket?user=u&pass=x;hunter2&db=x",
            "hunter2:6379",
        ] {
            let result = AnyStore::connect(url).await;
            let source = result.as_ref().err().and_then(Error::source).map(ToString::to_string);
            let shown = format!("{result:?} {source:?} {}", error(url).await);
            assert!(result.is_err() && !shown.contains("hun") && !shown.contains("ter2"), "{url}: {shown}");
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[tokio::test]
    async fn postgres_needs_its_feature() {
        for url in ["postgres://127.0.0.1?table=shop", "postgresql:///hooks"] {
            assert_eq!(error(url).await, "store URL requires the feature `postgres`");
        }
    }

    #[cfg(not(feature = "redis"))]
    #[tokio::test]
    async fn redis_needs_its_feature() {
        for url in ["redis://127.0.0.1?prefix=shop", "rediss://127.0.0.1", "valkey://127.0.0.1"] {
            assert_eq!(error(url).await, "store URL requires the feature `redis`");
        }
    }
}
