//! The metrics that a recorder of the `metrics` facade receives.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, request::Parts};
use http_body_util::Full;
use metrics::{Unit, set_default_local_recorder};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tower::{Layer, ServiceExt};
use tower_webhook::{
    Item, RejectionKind, Undecodable, WebhookLayer,
    testing::{Fault, Operation},
};

use crate::{
    endings::{KINDS, PAYLOAD, named, rejected},
    support::{Act, Handler, faulty_store, layer, settle_down, signed},
};

const STANDARD: &str = "standard-webhooks";

/// Installs a recorder for this thread. The recorder is leaked, because the guard borrows it.
fn recorder() -> (metrics::LocalRecorderGuard<'static>, Seen) {
    let recorder = Box::leak(Box::new(DebuggingRecorder::new()));
    let seen = Seen(recorder.snapshotter());
    (set_default_local_recorder(recorder), seen)
}

struct Seen(Snapshotter);

/// The series in Prometheus notation, with the values recorded since the last snapshot.
struct Series(BTreeMap<String, DebugValue>);

impl Seen {
    fn series(&self) -> Series {
        let snapshot = self.0.snapshot().into_vec();
        Series(
            snapshot
                .into_iter()
                .map(|(key, _, _, value)| {
                    let key = key.key();
                    let labels: Vec<_> =
                        key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
                    (format!("{}{{{}}}", key.name(), labels.join(",")), value)
                })
                .collect(),
        )
    }
}

impl Series {
    /// Returns the counters that are not 0.
    fn counted(&self) -> Vec<(&str, u64)> {
        let nonzero = self.0.iter().filter_map(|(name, value)| match value {
            DebugValue::Counter(count) if *count > 0 => Some((&**name, *count)),
            _ => None,
        });
        nonzero.collect()
    }

    #[track_caller]
    fn assert_counted(&self, name: &str, count: u64) {
        assert!(self.counted().contains(&(name, count)), "{:?}", self.counted());
    }

    fn recorded(&self, series: &str) -> Vec<f64> {
        match &self.0[series] {
            DebugValue::Histogram(values) => values.iter().map(|value| value.into_inner()).collect(),
            other => panic!("{series} is {other:?}"),
        }
    }

    fn gauge(&self, series: &str) -> f64 {
        match &self.0[series] {
            DebugValue::Gauge(value) => value.into_inner(),
            other => panic!("{series} is {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_outcome_of_a_delivery_is_counted_and_measured() {
    let (_guard, seen) = recorder();
    let handler = Handler::doing([
        Act::Late(Duration::from_millis(1_500), &Act::Answer(200)),
        Act::Answer(500),
        Act::Panic,
        Act::Hang,
        Act::Hang,
    ]);
    let app = handler.under(&layer().handler_timeout(Duration::from_secs(60)));

    app.send(signed("msg_1", PAYLOAD)).await.assert_handled();
    let series = seen.series();
    assert_eq!(
        series.counted(),
        [
            ("webhook_deliveries_total{provider=standard-webhooks,outcome=accepted}", 1),
            ("webhook_handlers_total{provider=standard-webhooks,end=completed}", 1),
            ("webhook_settlements_total{provider=standard-webhooks,settlement=completed}", 1),
        ]
    );
    let one = |name: &str, label: &str| series.recorded(&format!("{name}{{provider={STANDARD}{label}}}"));
    assert_eq!(one("webhook_handler_duration_seconds", ""), [1.5]);
    assert_eq!(one("webhook_delivery_duration_seconds", ",outcome=accepted"), [1.5]);
    assert_eq!(one("webhook_body_bytes", ""), [PAYLOAD.len() as f64]);
    assert_eq!(one("webhook_store_duration_seconds", ",operation=claim"), [0.0]);
    assert_eq!(one("webhook_store_duration_seconds", ",operation=complete"), [0.0]);
    assert!(one("webhook_store_duration_seconds", ",operation=release").is_empty());

    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    let counted = seen.series();
    assert_eq!(
        counted.counted(),
        [("webhook_deliveries_total{provider=standard-webhooks,outcome=duplicate}", 1)]
    );
    let ignoring = handler.under(&layer().only_events("invoice.paid"));
    ignoring.send(signed("msg_3", r#"{"type":"invoice.created"}"#)).await;
    let acknowledging = handler.under(&layer().json::<u8>().on_undecodable(Undecodable::Acknowledge));
    acknowledging.send(signed("msg_3", "{}")).await;
    assert_eq!(
        seen.series().counted(),
        [
            ("webhook_deliveries_total{provider=standard-webhooks,outcome=acknowledged}", 1),
            ("webhook_deliveries_total{provider=standard-webhooks,outcome=ignored}", 1),
        ]
    );
    // The duplicate has no claim to settle.
    let complete = format!("webhook_store_duration_seconds{{provider={STANDARD},operation=complete}}");
    assert!(counted.recorded(&complete).is_empty());
    assert!(counted.recorded(&format!("webhook_handler_duration_seconds{{provider={STANDARD}}}")).is_empty());

    for end in ["failed", "panicked", "timed_out", "cancelled"] {
        let app = app.clone();
        let call =
            tokio::spawn(async move { app.call(signed("msg_2", "{}")).await.map(|answer| answer.status()) });
        settle_down().await;
        if end == "cancelled" {
            call.abort();
        }
        let _ = call.await;
        let series = seen.series();
        series.assert_counted(&format!("webhook_handlers_total{{provider={STANDARD},end={end}}}"), 1);
        assert_eq!(
            series.recorded(&format!("webhook_handler_duration_seconds{{provider={STANDARD}}}")).len(),
            1
        );
        let settled = format!("webhook_settlements_total{{provider={STANDARD},settlement=released}}");
        // The release after a disconnect runs in the background, so it is not counted yet.
        assert_eq!(series.counted().contains(&(&settled, 1)), end != "cancelled", "{end}");
    }
    assert_eq!(seen.series().gauge("webhook_deliveries_in_flight{provider=standard-webhooks}"), 0.0);
}

/// An alert on undecodable payloads must not depend on whether the layer or the handler decodes them.
#[tokio::test(start_paused = true)]
async fn a_payload_that_the_handler_cannot_decode_is_counted_as_a_rejection() {
    use axum::handler::HandlerWithoutStateExt;
    let (_guard, seen) = recorder();
    let handler = (async |_: tower_webhook::Payload<u8>| ()).into_service();
    layer().layer(handler).oneshot(signed("msg_1", PAYLOAD)).await.unwrap();
    assert_eq!(
        seen.series().counted(),
        [
            ("webhook_deliveries_total{provider=standard-webhooks,outcome=accepted}", 1),
            ("webhook_handlers_total{provider=standard-webhooks,end=failed}", 1),
            ("webhook_rejections_total{provider=standard-webhooks,kind=undecodable}", 1),
            ("webhook_settlements_total{provider=standard-webhooks,settlement=released}", 1),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn each_rejection_is_counted_under_its_kind() {
    let (_guard, seen) = recorder();
    for kind in KINDS {
        rejected(kind).await;
        let provider = match kind {
            RejectionKind::UnknownEndpoint | RejectionKind::VerifierUnavailable => "unknown",
            _ => STANDARD,
        };
        let series = seen.series();
        let counted = series.counted();
        let rejections: Vec<_> =
            counted.iter().filter(|(key, _)| key.starts_with("webhook_rejections_total")).collect();
        let expected = format!("webhook_rejections_total{{provider={provider},kind={kind}}}");
        assert_eq!(rejections, [&(&*expected, 1)], "{counted:?}");
        let outcome = match kind {
            RejectionKind::AckDeadline | RejectionKind::HandlerTimeout => "accepted",
            _ => "rejected",
        };
        let delivered = format!("webhook_deliveries_total{{provider={provider},outcome={outcome}}}");
        series.assert_counted(&delivered, 1);
        for gauge in ["unknown", STANDARD] {
            let in_flight = series.0.get(&format!("webhook_deliveries_in_flight{{provider={gauge}}}"));
            assert!(in_flight.is_none_or(|value| *value == DebugValue::Gauge(0.0.into())), "{in_flight:?}");
        }
        let all: String = series.0.into_keys().collect();
        for secret in [crate::sign::SECRET, "PAYLOAD", "SIGNATURE", "msg_1", "whsec"] {
            assert!(!all.contains(secret), "{secret} is in {all}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_in_flight_until_its_handler_has_ended() {
    const IN_FLIGHT: &str = "webhook_deliveries_in_flight{provider=standard-webhooks}";
    let (_guard, seen) = recorder();
    let layer = layer().ack_deadline(Duration::from_secs(2));
    let app = Handler::doing([Act::Sleep(Duration::from_secs(9))]).under(&layer);
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    assert_eq!(seen.series().gauge(IN_FLIGHT), 1.0);
    layer.drain().finished().await;
    let series = seen.series();
    // This recorder reports the change since the last snapshot.
    assert_eq!(series.gauge(IN_FLIGHT), -1.0);
    assert_eq!(
        series.recorded("webhook_delivery_duration_seconds{provider=standard-webhooks,outcome=accepted}"),
        [9.0]
    );
}

#[tokio::test(start_paused = true)]
async fn store_operations_are_measured_during_the_handler_and_in_the_background() {
    let (_guard, seen) = recorder();
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let app = Handler::doing([Act::Sleep(Duration::from_secs(25))]).under(&layer);
    app.send(signed("msg_1", "{}")).await.assert_handled();
    let of = |operation: &str| {
        format!("webhook_store_duration_seconds{{provider={STANDARD},operation={operation}}}")
    };
    let series = seen.series();
    assert_eq!(series.recorded(&of("extend")), [0.0, 0.0]);

    store.fail(Operation::Claim, Fault::Hang);
    app.send(signed("msg_2", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
    layer.drain().finished().await;
    let series = seen.series();
    assert_eq!(series.recorded(&of("claim")), [1.0]);
    series.assert_counted("webhook_store_failures_total{provider=standard-webhooks,operation=claim}", 1);

    store.heal();
    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("msg_3", "{}")).await.assert_handled();
    settle_down().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    store.heal();
    layer.drain().finished().await;
    let series = seen.series();
    for (name, count) in [
        ("webhook_settlements_total{provider=standard-webhooks,settlement=pending}", 1),
        // The attempt that the request waited for, and the first one in the background.
        ("webhook_store_failures_total{provider=standard-webhooks,operation=complete}", 2),
        ("webhook_settlement_retries_total{provider=standard-webhooks}", 2),
    ] {
        series.assert_counted(name, count);
    }

    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("msg_4", "{}")).await.assert_handled();
    layer.drain().finished().await;
    let abandoned = "webhook_settlements_abandoned_total{provider=standard-webhooks,settlement=completed}";
    seen.series().assert_counted(abandoned, 1);
}

/// The background queue holds 1,024 releases; further ones are dropped.
#[tokio::test(start_paused = true)]
async fn settlements_that_are_dropped_are_counted() {
    let (_guard, seen) = recorder();
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let app = Handler::default().under(&layer);
    store.fail([Operation::Claim, Operation::Release], Fault::Error);
    for id in 0..1030 {
        app.send(signed(&id.to_string(), "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
    }
    let abandoned = "webhook_settlements_abandoned_total{provider=standard-webhooks,settlement=released}";
    seen.series().assert_counted(abandoned, 1030 - 1024);
    store.heal();
    layer.drain().finished().await;
}

/// Only the handler waits for the claims of items, so the time of these claims is not part of the request's store time.
#[tokio::test(start_paused = true)]
async fn the_claims_of_items_are_measured() {
    let (_guard, seen) = recorder();
    let handler = Handler::default();
    handler.under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    seen.series();
    let Ok(Item::Claimed(item)) = handler.last().claim_item("item").await else { panic!() };
    item.run(async { Ok::<_, ()>(()) }).await.unwrap();
    let series = seen.series();
    for operation in ["claim", "complete"] {
        let name = format!("webhook_store_duration_seconds{{provider={STANDARD},operation={operation}}}");
        assert_eq!(series.recorded(&name), [0.0]);
    }
    assert!(series.counted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_series_of_a_provider_exists_from_its_first_delivery() {
    let (_guard, seen) = recorder();
    Handler::default().under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    let series = seen.series();
    for kind in KINDS {
        let name = format!("webhook_rejections_total{{provider={STANDARD},kind={kind}}}");
        assert_eq!(series.0[&name], DebugValue::Counter(0));
    }
}

/// A provider name for each tenant must not create an unlimited number of series.
#[tokio::test(start_paused = true)]
async fn the_number_of_provider_labels_is_limited() {
    let (_guard, seen) = recorder();
    let layer = WebhookLayer::with_lookup(|head: &Parts| {
        let tenant = head.uri.path().to_owned();
        async move { Ok(Some(named(tenant))) }
    });
    let app = Handler::default().under(&layer);
    for tenant in 0..300 {
        let request = Request::post(format!("/{tenant}")).body(Full::<Bytes>::default()).unwrap();
        app.send(request).await.assert_handled();
    }
    let series = seen.series();
    let deliveries = series.counted().into_iter().filter(|(name, _)| name.contains("accepted"));
    assert_eq!(deliveries.count(), 257);
    let others = "webhook_deliveries_total{provider=other,outcome=accepted}";
    series.assert_counted(others, 300 - 256);
}

#[tokio::test(start_paused = true)]
async fn a_recorder_may_be_installed_late_or_not_at_all() {
    let app = Handler::default().under(&layer());
    app.send(signed("msg_1", "{}")).await.assert_handled();
    let (_guard, seen) = recorder();
    app.send(signed("msg_2", "{}")).await.assert_handled();
    let accepted = "webhook_deliveries_total{provider=standard-webhooks,outcome=accepted}";
    seen.series().assert_counted(accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn each_metric_is_described_with_its_unit_and_is_in_the_docs() {
    let docs = include_str!("../../src/observe/mod.rs");
    let (_guard, seen) = recorder();
    Handler::default().under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    let mut names = BTreeSet::new();
    for (key, unit, description, _) in seen.0.snapshot().into_vec() {
        let name = key.key().name().to_owned();
        let expected = match name.rsplit('_').next() {
            Some("seconds") => Unit::Seconds,
            Some("bytes") => Unit::Bytes,
            _ => Unit::Count,
        };
        assert_eq!(unit, Some(expected), "{name}");
        assert!(description.is_some(), "{name}");
        let labels: Vec<_> = key.key().labels().map(|label| format!("`{}`", label.key())).collect();
        let row = docs.lines().find(|line| line.starts_with(&format!("//! | `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} is not documented"));
        assert!(row.contains(&format!("| {} |", labels.join(", "))), "{row} lacks the labels {labels:?}");
        names.insert(name);
    }
    let documented = docs.lines().filter(|line| line.starts_with("//! | `webhook_")).count();
    assert_eq!(documented, names.len());
}
