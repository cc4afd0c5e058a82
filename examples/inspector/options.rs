//! The command line, and the layer that it describes.

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

use crate::{
    provider::{self, Source},
    rules::Rules,
};

const HELP: &str = "\
A webhook endpoint to run, to look at and to test against.

inspector [options]

  --listen ADDR             where to listen; port 0 picks one [127.0.0.1:8080]
  --provider ID             whose deliveries to verify [standard-webhooks];
                            `--provider list` prints all ids
  --scheme JSON             instead of a provider: how deliveries are signed
  --secret TEXT             signing secret as the provider shows it; repeat it
                            for rotation [a demo secret, printed at the start]
  --key-id ID               the id of the key in the --secret after it
  --verify-token TEXT       the handshake's token, where the provider has one
  --public-url URL          the URL the provider was given, where it signs it
  --store memory|URL        where deliveries are remembered: memory:?capacity=N,
                            redis://…?prefix=P [memory]
  --window SECONDS          for how long they are
  --lease SECONDS           for how long a claim lives without a sign of life
  --tolerance SECONDS       how far a signed timestamp may be off
  --handler-timeout SECONDS how long the handler may run
  --ack-deadline SECONDS    when to answer 503 while the handler goes on
  --detached                handlers go on when their client hangs up
  --body-timeout SECONDS    how long a body may take to arrive
  --body-limit BYTES        the largest body
  --replay-guard            claim the body too where the id is not signed
  --now UNIX                a fixed time for signatures, for known vectors
  --log-start               also print a line when a handler begins
  --help                    print this

POST to /webhook. Its handler misbehaves on demand: ?status=500 answers that,
?delay_ms=1500 takes that long first, ?panic=1 panics. GET /health answers 200.
GET / is a page that shows each delivery as it comes, and sends test events.
One JSON object a line on standard output for every request to /webhook.
";

/// What the command line asks for.
pub(crate) enum Wish {
    Run(Box<Options>),
    Read(String),
}

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) source: Source,
    /// None: a demo secret is made up.
    pub(crate) secrets: Option<Secrets>,
    pub(crate) now: Option<SystemTime>,
    pub(crate) log_start: bool,
    settings: Settings,
}

#[derive(Default)]
struct Settings {
    /// The URL of the store. `None`: the layer's own.
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

pub(crate) fn parse() -> Result<Wish, Error> {
    let mut args = Parser::from_env();
    let mut listen = "127.0.0.1:8080".to_owned();
    let mut provider = None;
    let mut scheme = None;
    let mut secrets: Vec<Secret> = Vec::new();
    let mut key_id = None;
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
                    return Err("--key-id: there is no --secret between two of them".into());
                }
            }
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
                now = Some(time.ok_or("--now: no clock goes that far")?);
            }
            Long("log-start") => log_start = true,
            Long("help") | Short('h') => return Ok(Wish::Read(HELP.to_owned())),
            _ => return Err(arg.unexpected()),
        }
    }

    if key_id.is_some() {
        return Err("--key-id: it belongs before a --secret".into());
    }
    let source = match (provider.as_deref(), scheme) {
        (Some(_), Some(_)) => return Err("--scheme is instead of --provider".into()),
        (Some("list"), None) => return Ok(Wish::Read(provider::list())),
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
    Ok(Wish::Run(Box::new(Options {
        listen,
        source,
        secrets: Secrets::try_from(secrets).ok(),
        now,
        log_start,
        settings,
    })))
}

impl Options {
    /// The layer; what was not asked for is left to the layer's own defaults.
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
    /// What the layer goes by, its own defaults and the provider's included.
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

/// A clock whose time of day stands still; leases go on.
struct StoppedAt(SystemTime);

impl Clock for StoppedAt {
    fn now(&self) -> SystemTime {
        self.0
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
}

// The value is not in the message: it may be a secret.
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
    seconds.ok_or_else(|| format!("{option}: {text:?} is not a time in seconds").into())
}
