//! A webhook endpoint for experiments and tests.
//!
//! Start the inspector and point a provider at it. It shows for each delivery whether it was accepted, was a duplicate
//! or was rejected, and why. For every request to `/webhook` it prints a line with a JSON object. It also serves a
//! page, which lists the requests and can send test events.
//!
//! ```text
//! cargo run --features full --example inspector -- --help
//! ```

mod cargo_test;
mod demo;
mod drain;
mod explain;
mod fetched;
mod forward;
mod handler;
mod history;
mod options;
mod page;
mod provider;
mod received;
mod record;
mod replay;
mod report;
mod rules;
mod second_look;
mod test_event;
mod watch;

use std::{error::Error, process::ExitCode, sync::Arc};

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{any, get},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::Semaphore};

use tower_webhook::{Secret, Secrets, provider::ProviderVerifier, verify::Verifier};

use crate::{
    drain::{InFlight, StopSignal},
    history::History,
    options::{Command, Options},
    page::Page,
    provider::Source,
    record::Recording,
    replay::{Replay, Replaying},
    test_event::TestEvents,
    watch::{Endpoint, RecordingVerifier},
};

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os()) {
        Ok(Command::Run(options)) => options,
        Ok(Command::Print(text)) => {
            report::print(&text);
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(&*error),
    };
    let (recording, replay) = match options.open_files() {
        Ok(files) => files,
        Err(error) => return refuse(&*error),
    };
    // The runtime is dropped before the process ends. This drops every request that is still running, and each dropped
    // request prints its line.
    let ended = Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(serve(*options, recording.clone(), replay)));
    if let Some(recording) = recording {
        recording.finish();
    }
    match ended {
        Ok(code) => code,
        Err(error) => refuse(&*error),
    }
}

/// Reports an error at startup.
fn refuse(error: &dyn Error) -> ExitCode {
    report::log(&format!("inspector: {error}"));
    ExitCode::from(2)
}

async fn serve(
    options: Options,
    recording: Option<Recording>,
    replay: Option<Replay>,
) -> Result<ExitCode, Box<dyn Error>> {
    let source = &options.source;
    let secrets = match options.secrets.clone() {
        Some(secrets) => secrets,
        None => demo::secret(source)?.into(),
    };
    let verifier = source.verifier(secrets.clone())?;
    let layer = options.layer(RecordingVerifier(verifier.clone())).await?;
    let rules = Arc::new(options.rules(secrets.clone(), verifier.profile()));
    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    // Install the signal handlers before announcing the address: after the announcement, a signal must cause a graceful
    // shutdown.
    let stop = StopSignal::install()?;
    let address = listener.local_addr()?;
    if options.forward.as_ref().is_some_and(|target| target.is_endpoint_of(address)) {
        return Err("--forward: URL is the inspector's own endpoint".into());
    }

    let forger = forger(source, &secrets);
    let test_events = TestEvents::new(verifier, forger, layer.clone(), Arc::clone(&rules), address);
    if let (None, true, Some(secret)) =
        (&options.secrets, source.takes_a_demo_secret(), secrets.iter().next().and_then(Secret::expose_str))
    {
        // A public key in PEM has several lines. It can also be passed on one line.
        let secret: Vec<_> = secret.lines().collect();
        report::log(&format!("demo secret: {}", secret.join(" ")));
    }
    report::log(&format!("page: http://{}/", test_events.address()));
    if let (Some(secrets), Some(prefix)) = (&options.secrets, source.secret_prefix()) {
        let is_odd = |secret: &Secret| secret.expose_str().is_some_and(|text| !text.starts_with(prefix));
        if secrets.iter().any(is_odd) {
            let name = source.name();
            report::log(&format!(
                "warning: secrets of {name} begin with `{prefix}`, but one in --secret does not"
            ));
        }
    }
    if !address.ip().is_loopback() {
        report::log(
            "warning: clients that can reach this address can read payloads and copy whole requests on the page",
        );
    }
    if let Some(invitation) = demo::invitation(&test_events, options.secrets.as_ref()).await {
        report::log(&invitation);
    }
    if let Some(target) = &options.forward {
        report::log(&format!("forwarding to {}", target.shown()));
    }
    report::print(&format!("listening on http://{address}\n"));

    let (in_flight, drain) = (InFlight::default(), layer.drain());
    let history = Arc::new(History::new());
    let replaying = Replaying::default();
    let endpoint = Endpoint {
        layer,
        rules: Arc::clone(&rules),
        history: Arc::clone(&history),
        cause_searches: Semaphore::new(8),
        recording,
        replaying: replaying.clone(),
    };
    let log_start = options.log_start;
    let forward = options.forward().map(Arc::new);
    let webhook =
        any(move |delivery, request| handler::handle(log_start, forward.clone(), delivery, request))
            .layer(from_fn_with_state(Arc::new(endpoint), watch::observe))
            .layer(from_fn_with_state(in_flight.clone(), drain::count));
    let test_events = Arc::new(test_events);
    if let Some(replay) = replay {
        let (test_events, provider) = (Arc::clone(&test_events), rules.source.id());
        tokio::spawn(async move { replay.run(&test_events, provider, &replaying).await });
    }
    let page = Page::new(rules, history, test_events, &options.listen, address);
    let app = Router::new()
        .route("/webhook", webhook)
        .route("/health", get(|| async { "ok\n" }))
        .merge(page.routes());
    Ok(drain::serve(listener, app, stop, in_flight, drain).await)
}

/// Returns a verifier for signing with a wrong secret.
fn forger(source: &Source, secrets: &Secrets) -> Option<ProviderVerifier> {
    let mut secret = demo::secret(source).ok()?;
    if let Some(key_id) = secrets.iter().next()?.key_id() {
        secret = secret.with_key_id(key_id);
    }
    source.verifier(secret.into()).ok()
}
