//! What tracing sees.
#![cfg(feature = "tracing")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "common/sign.rs"]
mod sign;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tokio::task::yield_now;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, ManualClock, Secret, WebhookLayer, provider};
use tracing::{Event, Instrument, Subscriber, instrument::WithSubscriber, subscriber::with_default};
use tracing_subscriber::{
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

/// Each event: the spans around it from the outside in, and its target.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Spotted>>>);

type Spotted = (Vec<&'static str>, String);

impl Seen {
    fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry().with(self.clone())
    }

    fn take(&self) -> Vec<Spotted> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Seen {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let spans = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let spans = spans.map(|span| span.name()).collect();
        self.0.lock().unwrap().push((spans, event.metadata().target().to_owned()));
    }
}

#[tokio::test]
async fn a_detached_handler_keeps_the_span_and_the_subscriber_of_its_request() {
    let seen = Seen::default();
    let layer = WebhookLayer::new(sign::secret()).clock(ManualClock::at_unix(sign::NOW)).detached();
    let app = layer.layer(service_fn(|_: Request<Body>| async {
        yield_now().await;
        tracing::info!(target: "handler", "called");
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let call = async {
        let span = tracing::info_span!("request");
        app.oneshot(sign::signed("msg_1", "{}")).instrument(span).await.unwrap()
    };
    assert_eq!(call.with_subscriber(seen.subscriber()).await.status(), 200);
    assert_eq!(seen.take(), [(vec!["request"], "handler".to_owned())]);
}

#[test]
fn a_deadline_that_the_provider_does_not_wait_for_is_warned_of() {
    let seen = Seen::default();
    let slack = || {
        let secret: Secret = "a signing secret".parse().unwrap();
        WebhookLayer::with_verifier(provider::slack(secret))
    };
    with_default(seen.subscriber(), || {
        drop(slack().ack_deadline(Duration::from_millis(2_900)));
        assert!(seen.take().is_empty());
        drop(slack().ack_deadline(Duration::from_secs(3)));
        assert_eq!(seen.take(), [(vec![], "tower_webhook".to_owned())]);
        // It is not known of Standard Webhooks how long a sender waits.
        drop(WebhookLayer::new(sign::secret()).ack_deadline(Duration::from_secs(600)));
        assert!(seen.take().is_empty());
    });
}
