//! The server with its graceful shutdown.

use std::{
    io,
    net::SocketAddr,
    process::{self, ExitCode},
    thread,
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};
use tower_webhook::Drain;

use crate::report;

/// The grace period of running handlers.
const GRACE: Duration = Duration::from_secs(10);
/// The time after which the process ends by force, for example if standard output is a pipe that nobody reads. It is longer
/// than the grace period and the writing of the last requests to a file.
const LAST_RESORT: Duration = Duration::from_secs(16);
/// The grace period of idle connections, in which clients read their last response.
const LINGER: Duration = Duration::from_secs(1);

/// Serves until `stop`, then waits for running handlers. Returns success if all of them finished.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    stop: StopSignal,
    in_flight: InFlight,
    drain: Drain,
) -> ExitCode {
    let (stopping, mut stopped) = watch::channel(false);
    let mut running_out = stopped.clone();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        stop.received().await;
        thread::spawn(|| {
            thread::sleep(LAST_RESORT);
            process::exit(1);
        });
        report::log("stopping: waiting for running handlers");
        stopping.send_replace(true);
    });
    // The calls of `wait_for` only fail once the server has ended, so ignore their errors.
    let finished = async {
        let quiet = async {
            let _ = stopped.wait_for(|stopped| *stopped).await;
            in_flight.quiet().await;
        };
        tokio::select! {
            _ = served => {}
            () = quiet => {}
        }
        // Wait for handlers that outlived their requests.
        drain.finished().await;
    };
    let time_is_up = async {
        let _ = running_out.wait_for(|stopped| *stopped).await;
        sleep(GRACE).await;
    };
    tokio::select! {
        () = finished => {}
        () = time_is_up => {}
    }
    // A detached handler may be in both counts, so do not add them: take the larger count.
    match in_flight.count().max(drain.running()) {
        0 => ExitCode::SUCCESS,
        interrupted => {
            report::log(&format!("interrupted deliveries: {interrupted}"));
            ExitCode::FAILURE
        }
    }
}

/// The number of deliveries that are being received or handled.
#[derive(Clone, Default)]
pub(crate) struct InFlight(watch::Sender<usize>);

impl InFlight {
    fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until nothing has been in flight for the duration [`LINGER`]. Does not wait until idle connections are
    /// closed, because a client may keep them open indefinitely.
    async fn quiet(&self) {
        let mut count = self.0.subscribe();
        loop {
            let _ = count.wait_for(|count| *count == 0).await;
            if timeout(LINGER, count.wait_for(|count| *count > 0)).await.is_err() {
                return;
            }
        }
    }
}

/// Counts a request until it ends or is dropped.
pub(crate) async fn count(State(in_flight): State<InFlight>, request: Request, next: Next) -> Response {
    struct Counted(InFlight);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.0.send_modify(|count| *count -= 1);
        }
    }

    in_flight.0.send_modify(|count| *count += 1);
    let _counted = Counted(in_flight);
    next.run(request).await
}

/// Receives Ctrl-C and SIGTERM.
pub(crate) struct StopSignal {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl StopSignal {
    /// Installs the signal handlers. From then on, the signals do not end the process by themselves.
    pub(crate) fn install() -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?],
        })
    }

    #[cfg(unix)]
    async fn received(self) {
        let [mut interrupt, mut terminate] = self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn received(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
