//! A model of the part of tokio that the crate uses, based on shuttle. Tasks are shuttle's, and timers fire when the
//! test advances time. Types that neither schedule tasks nor use time are tokio's own.

pub use tokio::sync;

pub mod runtime {
    use super::task::JoinHandle;

    #[derive(Clone, Debug)]
    pub struct Handle;

    impl Handle {
        pub fn try_current() -> Result<Self, tokio::runtime::TryCurrentError> {
            Ok(Self)
        }

        pub fn enter(&self) {}

        pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
        where
            F: Future<Output: Send + 'static> + Send + 'static,
        {
            JoinHandle(shuttle::future::spawn(future))
        }
    }
}

pub mod task {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    pub use tokio::task::{JoinError, consume_budget, unconstrained};

    pub struct JoinHandle<T>(pub(crate) shuttle::future::JoinHandle<T>);

    impl<T> Future for JoinHandle<T> {
        type Output = Result<T, JoinError>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            Pin::new(&mut self.0).poll(cx).map(|output| Ok(output.expect("shuttle tasks are never aborted")))
        }
    }
}

pub mod time {
    use std::{
        mem,
        pin::Pin,
        task::{Context, Poll, Waker},
        time::Duration,
    };

    use shuttle::sync::Mutex;
    pub use tokio::time::Instant;

    #[derive(Default)]
    struct Timers {
        now: Duration,
        waiting: Vec<Waker>,
    }

    shuttle::lazy_static! {
        static ref TIMERS: Mutex<Timers> = Mutex::default();
    }

    /// Returns the time that has passed in this schedule.
    pub fn passed() -> Duration {
        TIMERS.lock().unwrap().now
    }

    /// Advances time.
    pub fn pass(time: Duration) {
        let waiting = {
            let mut timers = TIMERS.lock().unwrap();
            timers.now += time;
            mem::take(&mut timers.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub struct Sleep {
        until: Duration,
    }

    pub fn sleep(time: Duration) -> Sleep {
        Sleep { until: passed().saturating_add(time) }
    }

    impl Future for Sleep {
        type Output = ();

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            let mut timers = TIMERS.lock().unwrap();
            if timers.now >= self.until {
                return Poll::Ready(());
            }
            timers.waiting.push(cx.waker().clone());
            Poll::Pending
        }
    }
}
