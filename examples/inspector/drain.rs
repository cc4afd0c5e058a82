//! Serving until a signal comes, and ending well then.

use std::{io, net::SocketAddr, process::ExitCode, time::Duration};

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

/// How long running handlers are waited for.
const LONGEST: Duration = Duration::from_secs(10);
/// How long connections are waited for on which nothing runs: the last answer is still to be read.
const LINGER: Duration = Duration::from_secs(1);

/// Serves until `stop`, and lets what runs then finish: success if it did.
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
        report::log("stopping: running handlers may finish");
        stopping.send_replace(true);
    });
    // An error of either wait means that it is served no longer, which is known already.
    let finished = async {
        let quiet = async {
            let _ = stopped.wait_for(|stopped| *stopped).await;
            in_flight.quiet().await;
        };
        tokio::select! {
            _ = served => {}
            () = quiet => {}
        }
        // Those that have outlived their requests.
        drain.finished().await;
    };
    let time_is_up = async {
        let _ = running_out.wait_for(|stopped| *stopped).await;
        sleep(LONGEST).await;
    };
    tokio::select! {
        () = finished => {}
        () = time_is_up => {}
    }
    // A handler in a task of its own is counted once, whether its request still waits or not.
    match in_flight.count().max(drain.running()) {
        0 => ExitCode::SUCCESS,
        cut_short => {
            report::log(&format!("cut short: {cut_short}"));
            ExitCode::FAILURE
        }
    }
}

/// How many deliveries are being received or handled.
#[derive(Clone, Default)]
pub(crate) struct InFlight(watch::Sender<usize>);

impl InFlight {
    fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Returns when nothing has been in flight for a while. Connections that are merely open may
    /// stay so for as long as the client likes, and are not waited for.
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

/// Counts a request for as long as it takes, however it ends.
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

/// Ctrl-C, or a request to terminate.
pub(crate) struct StopSignal {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl StopSignal {
    /// From now on the signals no longer end the process by themselves.
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
