//! A webhook endpoint to run, to look at and to test against.
//!
//! Start it, point a provider at it, and see each delivery arrive: accepted, duplicate or
//! rejected, and why. It prints one JSON object a line for every request that reached `/webhook`.
//!
//! ```text
//! cargo run --features full --example inspector -- --help
//! ```

mod demo;
mod drain;
#[cfg(feature = "asymmetric")]
mod fetched;
mod handler;
mod options;
mod provider;
mod report;

use std::{error::Error, process::ExitCode};

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{any, get},
};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    demo::Demo,
    drain::{InFlight, StopSignal},
    options::{Options, Wish},
};

fn main() -> ExitCode {
    let options = match options::parse() {
        Ok(Wish::Run(options)) => options,
        Ok(Wish::Read(text)) => {
            report::print(&text);
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(&error),
    };
    // The runtime is dropped before the process ends, and with it every request that is still
    // running: those have a line to print as well.
    match Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(serve(*options))) {
        Ok(code) => code,
        Err(error) => refuse(&*error),
    }
}

/// The end of a start that failed.
fn refuse(error: &dyn Error) -> ExitCode {
    report::log(&format!("inspector: {error}"));
    ExitCode::from(2)
}

async fn serve(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let secrets = options.secrets.clone().map_or_else(|| demo::secret(&options.source), Ok)?;
    let layer = options.layer(secrets.clone()).await?;
    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    // Before anybody is told that it listens: from then on a signal must drain.
    let stop = StopSignal::install()?;
    let address = listener.local_addr()?;

    if let (None, Some(secret)) = (&options.secrets, secrets.iter().next()) {
        report::log(&format!("demo secret: {}", secret.expose()));
    }
    if let Some(demo) = Demo::new(&options.source, &secrets, options.now)? {
        report::log(&demo.invitation(address));
    }
    report::print(&format!("listening on http://{address}\n"));

    let (in_flight, drain) = (InFlight::default(), layer.drain());
    let log_start = options.log_start;
    let webhook = any(move |delivery, query| handler::handle(log_start, delivery, query))
        .layer(layer)
        .layer(from_fn_with_state(in_flight.clone(), drain::count));
    let app = Router::new()
        .route("/webhook", webhook)
        .route("/health", get(|| async { "ok\n" }))
        .route("/", get(|| async { "tower-webhook inspector: send deliveries to /webhook\n" }));
    Ok(drain::serve(listener, app, stop, in_flight, drain).await)
}
