//! Keys that have to be fetched: [`Fetch`] is the user's HTTP client, and [`KeyCache`] sees to it
//! that it is asked seldom, and never for what a stranger likes.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use super::{VerifyError, certificate::Certificate};
use crate::{
    BoxError, InvalidSecret,
    time::{caught, within},
};

/// Fetches the certificates and keys that some providers name in their deliveries; the HTTP client
/// is yours.
///
/// It is only asked for `https` URLs on the provider's own hosts, and what it answers is believed:
/// **it must check the server's TLS certificate, and must not follow redirects**. With `reqwest`:
///
/// ```
/// # mod reqwest { // Stands in for the crate, so that this is compiled.
/// #     pub struct Client;
/// #     pub struct Response;
/// #     impl Client {
/// #         pub fn get(&self, _: &str) -> Self { Self }
/// #         pub async fn send(self) -> std::io::Result<Response> { Ok(Response) }
/// #     }
/// #     impl Response {
/// #         pub fn error_for_status(self) -> std::io::Result<Self> { Ok(self) }
/// #         pub async fn chunk(&mut self) -> std::io::Result<Option<bytes::Bytes>> { Ok(None) }
/// #     }
/// # }
/// use bytes::{Bytes, BytesMut};
/// use tower_webhook::{BoxError, verify::Fetch};
///
/// /// Built with `.redirect(reqwest::redirect::Policy::none())` and `.https_only(true)`.
/// struct Client(reqwest::Client);
///
/// impl Fetch for Client {
///     async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
///         let mut response = self.0.get(url).send().await?.error_for_status()?;
///         let mut body = BytesMut::new();
///         while let Some(chunk) = response.chunk().await? {
///             if body.len() + chunk.len() > most {
///                 return Err("the answer is too long".into());
///             }
///             body.extend_from_slice(&chunk);
///         }
///         Ok(body.freeze())
///     }
/// }
/// ```
///
/// eBay and Circle answer only who is their customer: add the header that
/// [`ebay`](crate::provider::ebay) and [`circle`](crate::provider::circle) say to the request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fetch certificates and keys",
    note = "implement `tower_webhook::verify::Fetch` for a type with your HTTP client in it; the trait's \
            documentation has one to copy"
)]
pub trait Fetch: Send + Sync + 'static {
    /// Gets `url` and returns the body of the answer.
    ///
    /// # Errors
    ///
    /// An answer that is not a 200 is one, and so is one of more than `most` bytes, which need not be
    /// read to its end. A panic counts as an error.
    ///
    /// # Cancel safety
    ///
    /// It is given up, and dropped, after 10 seconds.
    fn fetch(&self, url: &str, most: usize) -> impl Future<Output = Result<Bytes, BoxError>> + Send;
}

impl<F: Fetch> Fetch for Arc<F> {
    fn fetch(&self, url: &str, most: usize) -> impl Future<Output = Result<Bytes, BoxError>> + Send {
        (**self).fetch(url, most)
    }
}

/// A [`Fetch`] of whatever type.
trait Fetcher: Send + Sync {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send + 'a>>;

impl<F: Fetch> Fetcher for F {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(Fetch::fetch(self, url, LARGEST))
    }
}

/// How long an answer may be. A chain of certificates is some 6 kB.
const LARGEST: usize = 64 * 1024;

/// How long a fetch may take; as long as the layer waits for it.
const LONGEST: Duration = Duration::from_secs(10);

/// How long a key is used before it is fetched again.
const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 3600);

/// How many keys are kept.
const MOST_KEYS: usize = 64;

/// How many fetches are begun in [`PERIOD`].
const MOST_FETCHES: u32 = 16;
const PERIOD: Duration = Duration::from_secs(60);

/// The keys that were fetched, and the fetches that are under way.
///
/// The URLs that it is given must be of the provider's own hosts: that is checked by who asks.
#[derive(Clone)]
pub(crate) struct KeyCache(Arc<Shared>);

struct Shared {
    fetcher: Box<dyn Fetcher>,
    read: Read,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: HashMap<Box<str>, Kept>,
    flights: HashMap<Box<str>, Flight>,
    /// Anyone can make up a URL of the right shape, and this bounds what comes of it.
    unknown: Budget,
    /// Of its own, so that made-up URLs do not keep a key that was good from being fetched again.
    known: Budget,
}

struct Kept {
    certificate: Arc<Certificate>,
    since: Instant,
}

type Landed = Result<Arc<Certificate>, VerifyError>;

/// Takes the key out of what was answered.
type Read = fn(&[u8]) -> Result<Certificate, InvalidSecret>;

/// A fetch that is under way; `Some` once it has ended.
type Flight = watch::Receiver<Option<Landed>>;

enum Found {
    Kept(Arc<Certificate>),
    Begun(Flight),
}

/// Fetches that were begun in the current period.
#[derive(Default)]
struct Budget {
    since: Option<Instant>,
    begun: u32,
}

impl Budget {
    fn spend(&mut self, now: Instant) -> Result<(), VerifyError> {
        if self.since.is_none_or(|since| now.duration_since(since) >= PERIOD) {
            *self = Self { since: Some(now), begun: 0 };
        }
        if self.begun == MOST_FETCHES {
            return Err(VerifyError::unavailable("too many keys were asked for within a minute"));
        }
        self.begun += 1;
        Ok(())
    }
}

impl State {
    fn fresh(&self, url: &str) -> Option<Arc<Certificate>> {
        let kept = self.keys.get(url)?;
        (kept.since.elapsed() < TIME_TO_LIVE).then(|| Arc::clone(&kept.certificate))
    }

    /// Keeps a key; when there are too many, the one that was fetched first leaves.
    fn keep(&mut self, url: Box<str>, certificate: Arc<Certificate>) {
        if self.keys.len() >= MOST_KEYS && !self.keys.contains_key(&url) {
            let oldest = self.keys.iter().min_by_key(|(_, kept)| kept.since).map(|(url, _)| url.clone());
            oldest.and_then(|oldest| self.keys.remove(&oldest));
        }
        self.keys.insert(url, Kept { certificate, since: Instant::now() });
    }
}

impl KeyCache {
    /// Of certificates.
    pub(crate) fn new(fetch: impl Fetch) -> Self {
        Self::reading(Certificate::read, fetch)
    }

    /// Of keys that are answered in a form of the provider's own.
    pub(crate) fn reading(read: Read, fetch: impl Fetch) -> Self {
        Self(Arc::new(Shared { fetcher: Box::new(fetch), read, state: Mutex::default() }))
    }

    /// The certificate at `url`, if it need not be fetched.
    pub(crate) fn kept(&self, url: &str) -> Option<Arc<Certificate>> {
        self.state().fresh(url)
    }

    /// The certificate at `url`. Those who ask for it at once share one fetch; if that fails, it
    /// does for them, and the next to ask has it tried anew.
    pub(crate) async fn get(&self, url: &str) -> Landed {
        let mut flight = match self.kept_or_begun(url)? {
            Found::Kept(certificate) => return Ok(certificate),
            Found::Begun(flight) => flight,
        };
        let landed = flight.wait_for(Option::is_some).await.map_err(VerifyError::unavailable)?;
        (*landed).clone().unwrap_or_else(|| Err(VerifyError::unavailable("the fetch has not ended")))
    }

    fn kept_or_begun(&self, url: &str) -> Result<Found, VerifyError> {
        let mut state = self.state();
        if let Some(certificate) = state.fresh(url) {
            return Ok(Found::Kept(certificate));
        }
        if let Some(flight) = state.flights.get(url) {
            return Ok(Found::Begun(flight.clone()));
        }
        let known = state.keys.contains_key(url);
        let budget = if known { &mut state.known } else { &mut state.unknown };
        budget.spend(Instant::now())?;
        let (landing, flight) = watch::channel(None);
        state.flights.insert(url.into(), flight.clone());
        drop(state);
        // A task of its own: who waits may go away, and the others must not be left waiting.
        let (this, url) = (self.clone(), Box::from(url));
        tokio::spawn(async move {
            let landed = this.fetch_certificate(&url).await;
            let mut state = this.state();
            state.flights.remove(&*url);
            if let Ok(certificate) = &landed {
                state.keep(url, Arc::clone(certificate));
            }
            drop(state);
            landing.send_replace(Some(landed));
        });
        Ok(Found::Begun(flight))
    }

    async fn fetch_certificate(&self, url: &str) -> Landed {
        let body = self.fetch(url).await?;
        (self.0.read)(&body).map(Arc::new).map_err(VerifyError::unavailable)
    }

    /// Gets `url` for the sake of getting it.
    pub(crate) async fn visit(&self, url: &str) -> Result<(), VerifyError> {
        self.state().known.spend(Instant::now())?;
        self.fetch(url).await.map(drop)
    }

    async fn fetch(&self, url: &str) -> Result<Bytes, VerifyError> {
        // Caught: a flight that never lands would have everyone wait for it.
        let fetched = within(LONGEST, caught(|| self.0.fetcher.fetch(url))).await;
        let body = fetched
            .map_err(VerifyError::unavailable)?
            .map_err(|_| VerifyError::unavailable("the fetch panicked"))?
            .map_err(VerifyError::unavailable)?;
        match body.len() {
            0..=LARGEST => Ok(body),
            _ => Err(VerifyError::unavailable("the answer is too long")),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("keys", &self.state().keys.len()).finish_non_exhaustive()
    }
}

/// Whether a certificate may be used at `now`: see [`Certificate`].
pub(crate) fn in_force(certificate: &Certificate, now: SystemTime) -> Result<(), VerifyError> {
    match &certificate.validity {
        Some(validity) if !validity.contains(&now) => {
            Err(VerifyError::wrong("the certificate is not valid at this time"))
        }
        _ => Ok(()),
    }
}
