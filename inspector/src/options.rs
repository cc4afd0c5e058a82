//! The command line, and the layer that it configures.

use std::{
    error::Error,
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::{
    ArgMatches, CommandFactory, FromArgMatches, Parser,
    builder::PossibleValuesParser,
    error::ErrorKind::{DisplayHelp, DisplayVersion},
};
use clap_complete::Shell;
use tower_webhook::{
    Clock, InvalidSecret, Secret, Secrets, SystemClock, WebhookLayer,
    store::AnyStore,
    verify::{Profile, Tolerance, Verifier},
};

use crate::{
    fetched::TokenOptions,
    forward::{self, Forward, Target},
    provider::{self, Source},
    record::{self, Recording},
    replay::Replay,
    rules::Rules,
};

/// The name of the installed program.
const PROGRAM: &str = "webhook-inspector";

const ENDPOINTS: &str = "\
POST deliveries to /webhook. The query makes the handler misbehave: ?status=500
sets its response status, ?delay_ms=1500 delays it, ?panic=1 makes it panic.
GET /health answers 200. GET / is a page that lists deliveries as they arrive
and sends test events. Standard output gets a line with a JSON object for every
request to /webhook.";

/// A webhook endpoint for experiments and tests.
// Without `Debug`, because it contains secrets. For the same reason, secrets are not parsed here: clap's messages quote
// invalid values.
#[derive(Parser)]
#[command(name = PROGRAM, version, after_help = ENDPOINTS, args_override_self = true)]
struct Args {
    /// Listen address; port 0 picks one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Also print a line when a handler starts
    #[arg(long)]
    log_start: bool,
    /// Print the completions of a shell
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
    /// Print the man page
    #[arg(long, exclusive = true)]
    man: bool,
    #[command(flatten)]
    sender: SenderArgs,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    forward: ForwardArgs,
    #[command(flatten)]
    record: RecordArgs,
}

/// The options on the provider and its secrets.
#[derive(clap::Args)]
#[command(next_help_heading = "Provider")]
struct SenderArgs {
    /// Provider of the deliveries; `list` prints all ids [default: standard-webhooks]
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Signature scheme, instead of a provider
    #[arg(long, value_name = "JSON", conflicts_with = "provider")]
    scheme: Option<String>,
    /// Signing secret as the provider shows it; repeat it for rotation
    ///
    /// The default is a demo secret, which is printed at the start.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    secret: Vec<String>,
    /// Key id of the next --secret
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    key_id: Vec<String>,
    /// Token of the verification handshake
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    verify_token: Option<String>,
    /// Topic of `aws-sns`; repeat it for several
    ///
    /// The keys of adobe-io, aws-sns, fireblocks-jwks, github-secret-scanning
    /// and paypal are fetched over HTTPS.
    #[arg(long, value_name = "ARN", verbatim_doc_comment)]
    topic: Vec<String>,
    /// Audience of bearer tokens
    ///
    /// It is the endpoint's URL, the project number, or the application id.
    /// The key sets are fetched over HTTPS.
    #[arg(long, value_name = "TEXT", verbatim_doc_comment, allow_hyphen_values = true)]
    audience: Option<String>,
    /// Service account or application that sends the bearer token
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    sender: Option<String>,
    /// Tenant of `azure-eventgrid-entra`
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    tenant: Option<String>,
}

/// The layer's settings.
#[derive(clap::Args)]
#[command(next_help_heading = "Layer")]
struct Settings {
    /// URL registered at the provider, if it signs the URL
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Deduplication store: `memory` or a URL [default: memory]
    ///
    /// The URL is memory:?capacity=N, redis://…?prefix=P, or
    /// postgres://…?table=T with an existing table.
    #[arg(long, value_name = "STORE", verbatim_doc_comment)]
    store: Option<String>,
    /// Deduplication window
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    window: Option<Duration>,
    /// Lease of a claim, extended while the handler runs
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    lease: Option<Duration>,
    /// Timestamp tolerance
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    tolerance: Option<Duration>,
    /// Timeout of the handler [default: 600, or 30 with --forward]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    handler_timeout: Option<Duration>,
    /// Answer 503 after this time and let the handler run
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    ack_deadline: Option<Duration>,
    /// Let handlers run after their client disconnects
    #[arg(long)]
    detached: bool,
    /// Timeout of the request body
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    body_timeout: Option<Duration>,
    /// Size limit of the request body
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    body_limit: Option<usize>,
    /// Also deduplicate by body if the id is not signed
    #[arg(long)]
    replay_guard: bool,
    /// Fixed time for signatures, for known test vectors
    #[arg(long, value_name = "UNIX", value_parser = unix_time, allow_negative_numbers = true)]
    now: Option<SystemTime>,
    #[arg(skip)]
    verify_token: Option<Secret>,
}

/// The options of forward mode.
#[derive(clap::Args)]
#[command(next_help_heading = "Forwarding")]
struct ForwardArgs {
    /// Pass accepted deliveries on to this service
    ///
    /// The service gets the method, query, headers and body as received, and
    /// the headers inspector-provider, inspector-delivery-id and
    /// inspector-event-type. The provider gets the service's response; 502 if
    /// the service cannot be reached, 504 after --handler-timeout.
    #[arg(long, value_name = "URL", verbatim_doc_comment)]
    forward: Option<String>,
    /// Allow --forward to services on other machines
    #[arg(long, requires = "forward")]
    forward_anywhere: bool,
}

/// The options of recording and replaying.
#[derive(clap::Args)]
#[command(next_help_heading = "Recording")]
struct RecordArgs {
    /// Append each received request to this file, as a line of JSON
    ///
    /// The file contains payloads and signatures. Replayed requests are not
    /// recorded again.
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    record: Option<PathBuf>,
    /// Size limit of the file, at which recording stops [default: 104857600]
    #[arg(long, value_name = "BYTES", requires = "record", allow_negative_numbers = true)]
    record_limit: Option<u64>,
    /// Send the recorded requests of this file at the start
    ///
    /// Requests whose signature was valid are signed again, with the same id
    /// and the current time, if the provider's signature can be computed here.
    /// The others are sent as recorded.
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    replay: Option<PathBuf>,
}

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
    pub(crate) log_start: bool,
    pub(crate) forward: Option<Target>,
    /// The file for received requests, and its size limit.
    record: Option<(PathBuf, u64)>,
    replay: Option<PathBuf>,
    settings: Settings,
}

/// Parses a command line, which begins with the name of the program.
pub(crate) fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Command, Box<dyn Error>> {
    let mut command = Args::command();
    let matches = match command.try_get_matches_from_mut(line) {
        Ok(matches) => matches,
        Err(text) if matches!(text.kind(), DisplayHelp | DisplayVersion) => {
            return Ok(Command::Print(format!("{}\n", text.to_string().trim_end())));
        }
        Err(error) => return Err(message(&error).into()),
    };
    let args = Args::from_arg_matches(&matches).map_err(|error| message(&error))?;
    if let Some(shell) = args.completions {
        return Ok(Command::Print(completions(shell)?));
    }
    if args.man {
        return Ok(Command::Print(man_page()?));
    }
    let SenderArgs { provider, scheme, topic, audience, sender, tenant, .. } = args.sender;
    let secrets = secrets(&matches)?;
    let mut settings = args.settings;
    if let Some(token) = args.sender.verify_token {
        settings.verify_token = Some(secret("--verify-token", &token)?);
    }
    let ForwardArgs { forward, forward_anywhere } = args.forward;
    let RecordArgs { record, record_limit, replay } = args.record;
    let forward = forward.map(|url| Target::parse(&url, forward_anywhere)).transpose();
    let forward = forward.map_err(|error| format!("--forward: {error}"))?;
    let source = match (provider.as_deref(), scheme) {
        (Some("list"), _) => return Ok(Command::Print(provider::list())),
        (None, Some(json)) => {
            let scheme = serde_json::from_str(&json).map_err(|error| format!("--scheme: {error}"))?;
            Source::Scheme(Box::new(scheme))
        }
        (id, _) => known(id.unwrap_or("standard-webhooks"))?,
    };
    let token = TokenOptions { audience, sender, tenant };
    Ok(Command::Run(Box::new(Options {
        listen: args.listen,
        source: source.with(topic, token, !secrets.is_empty())?,
        secrets: Secrets::try_from(secrets).ok(),
        log_start: args.log_start,
        forward,
        record: record.map(|path| (path, record_limit.unwrap_or(record::DEFAULT_LIMIT))),
        replay,
        settings,
    })))
}

/// Returns clap's message without its prefix and final line break.
fn message(error: &clap::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

/// Returns the provider with this id, or an error with the most similar id.
fn known(id: &str) -> Result<Source, String> {
    Source::by_id(id).ok_or_else(|| {
        let similar = provider::similar(id).map(|id| format!(" did you mean `{id}`?")).unwrap_or_default();
        format!("--provider: unknown id {id:?};{similar} `--provider list` prints all")
    })
}

/// Returns the secrets in their order, each with the key id that precedes it.
fn secrets(matches: &ArgMatches) -> Result<Vec<Secret>, String> {
    let places = |id: &str| matches.indices_of(id).into_iter().flatten();
    let texts = |id: &str| matches.get_many::<String>(id).into_iter().flatten();
    let key_ids = places("key_id").zip(texts("key_id")).map(|(place, text)| (place, true, text));
    let secrets = places("secret").zip(texts("secret")).map(|(place, text)| (place, false, text));
    let mut in_order: Vec<_> = key_ids.chain(secrets).collect();
    in_order.sort();
    let mut secrets = Vec::new();
    let mut key_id = None;
    for (_, is_key_id, text) in in_order {
        if is_key_id {
            if key_id.replace(text).is_some() {
                return Err("--key-id: each must be followed by a --secret".to_owned());
            }
            continue;
        }
        let secret = secret("--secret", text)?;
        secrets.push(match key_id.take() {
            Some(key_id) => secret.with_key_id(key_id.as_str()),
            None => secret,
        });
    }
    match key_id {
        Some(_) => Err("--key-id: must be followed by a --secret".to_owned()),
        None => Ok(secrets),
    }
}

/// Returns the completions of a shell, with the ids of all providers.
fn completions(shell: Shell) -> Result<String, Box<dyn Error>> {
    let ids: Vec<_> = provider::ids().chain(["list"]).collect();
    let mut command =
        Args::command().mut_arg("provider", |arg| arg.value_parser(PossibleValuesParser::new(ids)));
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, PROGRAM, &mut script);
    Ok(String::from_utf8(script)?)
}

fn man_page() -> Result<String, Box<dyn Error>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

impl Options {
    /// Returns the layer, with its defaults for options that are not set.
    pub(crate) async fn layer(&self, verifier: impl Verifier) -> Result<WebhookLayer, Box<dyn Error>> {
        let settings = &self.settings;
        let mut layer = WebhookLayer::with_verifier(verifier);
        if let Some(url) = settings.store_url() {
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
        match (self.forward_timeout(), settings.handler_timeout) {
            // The client of the service ends first, so that the response is a 504.
            (Some(timeout), _) => {
                layer = layer.handler_timeout(timeout.saturating_add(Duration::from_secs(5)));
            }
            (None, Some(timeout)) => layer = layer.handler_timeout(timeout),
            (None, None) => {}
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
        if let Some(now) = self.settings.now {
            layer = layer.clock(StoppedAt(now));
        }
        Ok(layer)
    }
}

impl Options {
    /// Opens the files for recording and replaying. If both are the same file, it may be missing.
    pub(crate) fn open_files(&self) -> Result<(Option<Recording>, Option<Replay>), Box<dyn Error>> {
        let message =
            |option, path: &Path, error| Err(format!("{option}: {}: {error}", path.display()).into());
        let recording = match self.record.as_ref().map(|(path, limit)| (path, Recording::open(path, *limit)))
        {
            Some((path, Err(error))) => return message("--record", path, error),
            opened => opened.and_then(|(_, recording)| recording.ok()),
        };
        let replay = match self.replay.as_ref().map(|path| (path, Replay::open(path))) {
            Some((path, Err(error))) => return message("--replay", path, error),
            opened => opened.and_then(|(_, replay)| replay.ok()),
        };
        Ok((recording, replay))
    }

    /// Returns the client of the service in forward mode.
    pub(crate) fn forward(&self) -> Option<Forward> {
        Some(Forward::new(self.forward.clone()?, self.forward_timeout()?))
    }

    fn forward_timeout(&self) -> Option<Duration> {
        self.forward.as_ref()?;
        Some(self.settings.handler_timeout.unwrap_or(forward::DEFAULT_TIMEOUT))
    }

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
            handler_timeout: self
                .forward_timeout()
                .or(settings.handler_timeout)
                .unwrap_or(Duration::from_secs(600)),
            ack_deadline: settings.ack_deadline,
            public_url: settings.public_url.clone(),
            store: match settings.store_url() {
                Some(url) if !url.starts_with("memory:") => "Redis",
                _ => "memory",
            },
            now: self.settings.now,
            secrets,
            forward: self.forward.as_ref().map(Target::shown),
        }
    }
}

impl Settings {
    /// Returns the URL of the store, or `None` for the layer's default.
    fn store_url(&self) -> Option<&str> {
        self.store.as_deref().filter(|store| *store != "memory")
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

fn with_causes(error: &dyn Error) -> String {
    std::iter::successors(error.source(), |&error| error.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Parses a secret. The error does not quote it.
fn secret(option: &str, text: &str) -> Result<Secret, String> {
    text.parse().map_err(|error: InvalidSecret| format!("{option}: {error}"))
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|number| Duration::try_from_secs_f64(number).ok());
    seconds.ok_or("value is not a number of seconds")
}

fn unix_time(text: &str) -> Result<SystemTime, &'static str> {
    SystemTime::UNIX_EPOCH.checked_add(seconds(text)?).ok_or("time is out of range")
}
