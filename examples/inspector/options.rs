//! The command line, and the layer that it configures.

use std::time::{Duration, SystemTime};

use lexopt::{
    Arg::{Long, Short},
    Error, Parser, ValueExt,
};
use tower_webhook::{
    Clock, InvalidSecret, Secret, Secrets, SystemClock, WebhookLayer,
    store::AnyStore,
    verify::{Profile, Tolerance, Verifier},
};

#[cfg(feature = "asymmetric")]
use crate::fetched::TokenOptions;
use crate::{
    provider::{self, Source},
    rules::Rules,
};

const HELP: &str = "\
A webhook endpoint for experiments and tests.

Usage: inspector [options]

  --listen ADDR             listen address; port 0 picks one [127.0.0.1:8080]
  --provider ID             provider of the deliveries [standard-webhooks];
                            `--provider list` prints all ids
  --scheme JSON             signature scheme, instead of a provider
  --secret TEXT             signing secret as the provider shows it; repeat it
                            for rotation [a demo secret, printed at the start]
  --key-id ID               key id of the next --secret
  --topic ARN               topic of `aws-sns`; repeat it for several. The
                            keys of adobe-io, aws-sns, fireblocks-jwks,
                            github-secret-scanning and paypal are fetched
                            over HTTPS
  --audience TEXT           audience of bearer tokens: the endpoint's URL, the
                            project number, or the application id. Their key
                            sets are fetched over HTTPS
  --sender TEXT             service account or application that sends the
                            bearer token
  --tenant ID               tenant of `azure-eventgrid-entra`
  --verify-token TEXT       token of the verification handshake
  --public-url URL          URL registered at the provider, if it signs the URL
  --store memory|URL        deduplication store: memory:?capacity=N,
                            redis://…?prefix=P, or postgres://…?table=T
                            with an existing table [memory]
  --window SECONDS          deduplication window
  --lease SECONDS           lease of a claim, extended while the handler runs
  --tolerance SECONDS       timestamp tolerance
  --handler-timeout SECONDS timeout of the handler
  --ack-deadline SECONDS    answer 503 after this time and let the handler run
  --detached                let handlers run after their client disconnects
  --body-timeout SECONDS    timeout of the request body
  --body-limit BYTES        size limit of the request body
  --replay-guard            also deduplicate by body if the id is not signed
  --now UNIX                fixed time for signatures, for known test vectors
  --log-start               also print a line when a handler starts
  --help                    print this help

POST deliveries to /webhook. The query makes the handler misbehave: ?status=500
sets its response status, ?delay_ms=1500 delays it, ?panic=1 makes it panic.
GET /health answers 200. GET / is a page that lists deliveries as they arrive
and sends test events. Standard output gets a line with a JSON object for every
request to /webhook.
";

/// The command that the command line selects.
pub(crate) enum Command {
    Run(Box<Options>),
    Print(String),
}

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) source: Source,
    /// `None` for a demo secret.
    pub(crate) secrets: Option<Secrets>,
    pub(crate) now: Option<SystemTime>,
    pub(crate) log_start: bool,
    settings: Settings,
}

#[derive(Default)]
struct Settings {
    /// The URL of the store. `None` for the layer's default.
    store: Option<String>,
    window: Option<Duration>,
    lease: Option<Duration>,
    tolerance: Option<Duration>,
    handler_timeout: Option<Duration>,
    ack_deadline: Option<Duration>,
    detached: bool,
    body_timeout: Option<Duration>,
    body_limit: Option<usize>,
    replay_guard: bool,
    verify_token: Option<Secret>,
    public_url: Option<String>,
}

pub(crate) fn parse() -> Result<Command, Error> {
    let mut args = Parser::from_env();
    let mut listen = "127.0.0.1:8080".to_owned();
    let mut provider = None;
    let mut scheme = None;
    let mut secrets: Vec<Secret> = Vec::new();
    let (mut key_id, mut topics) = (None, Vec::new());
    #[cfg(feature = "asymmetric")]
    let mut token = TokenOptions::default();
    let (mut now, mut log_start) = (None, false);
    let mut settings = Settings::default();

    while let Some(arg) = args.next()? {
        match arg {
            Long("listen") => listen = text("--listen", &mut args)?,
            Long("provider") => provider = Some(text("--provider", &mut args)?),
            Long("scheme") => scheme = Some(text("--scheme", &mut args)?),
            Long("secret") => secrets.push(secret(&mut args, key_id.take())?),
            Long("key-id") => {
                if key_id.replace(text("--key-id", &mut args)?).is_some() {
                    return Err("--key-id: each must be followed by a --secret".into());
                }
            }
            #[cfg(feature = "asymmetric")]
            Long("audience") => token.audience = Some(text("--audience", &mut args)?),
            #[cfg(feature = "asymmetric")]
            Long("sender") => token.sender = Some(text("--sender", &mut args)?),
            #[cfg(feature = "asymmetric")]
            Long("tenant") => token.tenant = Some(text("--tenant", &mut args)?),
            Long("topic") => topics.push(text("--topic", &mut args)?),
            Long("verify-token") => {
                settings.verify_token = Some(parse_secret("--verify-token", &mut args)?);
            }
            Long("public-url") => settings.public_url = Some(text("--public-url", &mut args)?),
            Long("store") => {
                settings.store = Some(text("--store", &mut args)?).filter(|store| store != "memory")
            }
            Long("window") => settings.window = Some(seconds("--window", &mut args)?),
            Long("lease") => settings.lease = Some(seconds("--lease", &mut args)?),
            Long("tolerance") => settings.tolerance = Some(seconds("--tolerance", &mut args)?),
            Long("handler-timeout") => {
                settings.handler_timeout = Some(seconds("--handler-timeout", &mut args)?);
            }
            Long("ack-deadline") => settings.ack_deadline = Some(seconds("--ack-deadline", &mut args)?),
            Long("detached") => settings.detached = true,
            Long("body-timeout") => settings.body_timeout = Some(seconds("--body-timeout", &mut args)?),
            Long("body-limit") => {
                let bytes = text("--body-limit", &mut args)?;
                let limit = bytes.parse().map_err(|error| format!("--body-limit {bytes:?}: {error}"))?;
                settings.body_limit = Some(limit);
            }
            Long("replay-guard") => settings.replay_guard = true,
            Long("now") => {
                let since = seconds("--now", &mut args)?;
                let time = SystemTime::UNIX_EPOCH.checked_add(since);
                now = Some(time.ok_or("--now: time is out of range")?);
            }
            Long("log-start") => log_start = true,
            Long("help") | Short('h') => return Ok(Command::Print(HELP.to_owned())),
            _ => return Err(arg.unexpected()),
        }
    }

    if key_id.is_some() {
        return Err("--key-id: must be followed by a --secret".into());
    }
    let source = match (provider.as_deref(), scheme) {
        (Some(_), Some(_)) => return Err("--scheme: cannot be combined with --provider".into()),
        (Some("list"), None) => return Ok(Command::Print(provider::list())),
        (None, Some(json)) => {
            let scheme = serde_json::from_str(&json).map_err(|error| format!("--scheme: {error}"))?;
            Source::Scheme(Box::new(scheme))
        }
        (id, None) => {
            let id = id.unwrap_or("standard-webhooks");
            Source::by_id(id)
                .ok_or_else(|| format!("--provider: unknown id {id:?}; `--provider list` prints all"))?
        }
    };
    Ok(Command::Run(Box::new(Options {
        listen,
        source: source.with(
            topics,
            #[cfg(feature = "asymmetric")]
            token,
            !secrets.is_empty(),
        )?,
        secrets: Secrets::try_from(secrets).ok(),
        now,
        log_start,
        settings,
    })))
}

impl Options {
    /// Returns the layer, with its defaults for options that are not set.
    pub(crate) async fn layer(
        &self,
        verifier: impl Verifier,
    ) -> Result<WebhookLayer, Box<dyn std::error::Error>> {
        let settings = &self.settings;
        let mut layer = WebhookLayer::with_verifier(verifier);
        if let Some(url) = &settings.store {
            let store = AnyStore::connect(url).await;
            layer = layer.dedupe(store.map_err(|error| format!("--store: {}", with_causes(&error)))?);
        }
        if let Some(window) = settings.window {
            layer = layer.dedupe_window(window);
        }
        if let Some(lease) = settings.lease {
            layer = layer.lease(lease);
        }
        if let Some(tolerance) = settings.tolerance {
            layer = layer.tolerance(tolerance);
        }
        if let Some(timeout) = settings.handler_timeout {
            layer = layer.handler_timeout(timeout);
        }
        if let Some(deadline) = settings.ack_deadline {
            layer = layer.ack_deadline(deadline);
        }
        if settings.detached {
            layer = layer.detached();
        }
        if let Some(timeout) = settings.body_timeout {
            layer = layer.body_timeout(timeout);
        }
        if let Some(limit) = settings.body_limit {
            layer = layer.body_limit(limit);
        }
        if settings.replay_guard {
            layer = layer.replay_guard();
        }
        if let Some(token) = &settings.verify_token {
            layer = layer.verify_token(token.clone());
        }
        if let Some(url) = &settings.public_url {
            layer = layer.public_url(url);
        }
        if let Some(now) = self.now {
            layer = layer.clock(StoppedAt(now));
        }
        Ok(layer)
    }
}

impl Options {
    /// Returns the effective settings, including the defaults of the layer and of the provider.
    pub(crate) fn rules(&self, secrets: Secrets, profile: &Profile) -> Rules {
        const DAY: Duration = Duration::from_secs(86_400);
        let settings = &self.settings;
        Rules {
            source: self.source.clone(),
            profile: profile.clone(),
            tolerance: settings.tolerance.map_or(profile.tolerance(), Tolerance::both),
            body_limit: settings.body_limit.or(profile.body_limit()).unwrap_or(1024 * 1024),
            body_timeout: settings.body_timeout.unwrap_or(Duration::from_secs(10)),
            window: settings.window.or(profile.dedupe_window()).unwrap_or(8 * DAY),
            lease: settings.lease.unwrap_or(Duration::from_secs(30)),
            handler_timeout: settings.handler_timeout.unwrap_or(Duration::from_secs(600)),
            ack_deadline: settings.ack_deadline,
            public_url: settings.public_url.clone(),
            store: match &settings.store {
                Some(url) if !url.starts_with("memory:") => "Redis",
                _ => "memory",
            },
            now: self.now,
            secrets,
        }
    }
}

/// A clock with a fixed wall-clock time. Its monotonic time advances, so leases still expire.
struct StoppedAt(SystemTime);

impl Clock for StoppedAt {
    fn now(&self) -> SystemTime {
        self.0
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
}

// Keep the value out of the message, because it may be a secret.
fn text(option: &str, args: &mut Parser) -> Result<String, Error> {
    args.value()?.string().map_err(|_| format!("{option}: the value is not UTF-8").into())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn secret(args: &mut Parser, key_id: Option<String>) -> Result<Secret, Error> {
    let secret = parse_secret("--secret", args)?;
    Ok(match key_id {
        Some(key_id) => secret.with_key_id(key_id),
        None => secret,
    })
}

fn parse_secret(option: &str, args: &mut Parser) -> Result<Secret, Error> {
    text(option, args)?.parse().map_err(|error: InvalidSecret| format!("{option}: {error}").into())
}

fn seconds(option: &str, args: &mut Parser) -> Result<Duration, Error> {
    let text = text(option, args)?;
    let seconds = text.parse().ok().and_then(|number| Duration::try_from_secs_f64(number).ok());
    seconds.ok_or_else(|| format!("{option}: {text:?} is not a number of seconds").into())
}
