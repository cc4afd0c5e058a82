//! The deduplication window of each provider is longer than its retries.

use std::time::Duration;

use tower_webhook::{provider, verify::Profile};

/// The window of providers whose profile states none.
const DEFAULT_WINDOW: Duration = Duration::from_secs(8 * 24 * 3600);

/// The lease of providers whose profile states none.
const DEFAULT_LEASE: Duration = Duration::from_secs(30);

fn retried() -> impl Iterator<Item = (&'static str, Profile, Duration)> {
    provider::all().filter_map(|provider| {
        let profile = provider.profile();
        let period = profile.retry_period()?;
        Some((provider.id, profile, period))
    })
}

#[test]
fn a_window_is_longer_than_the_retries() {
    let mut wrong = Vec::new();
    for (id, profile, period) in retried() {
        let window = profile.dedupe_window().unwrap_or(DEFAULT_WINDOW);
        if profile.retries() == Some(false) || window <= period {
            wrong.push(format!(
                "{id}: retries {:?} for {period:?}, so `dedupe_window` must be longer than {window:?}",
                profile.retries()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(retried().count() >= 90, "{}", retried().count());
}

/// A retry may come just before the claim of a crashed process expires. The provider must send another retry after the
/// claim has expired, so its retries must continue for longer than the lease. If they end within two minutes, the lease
/// must be at most ten seconds.
#[test]
fn a_provider_with_quick_retries_has_a_short_lease() {
    for (id, profile, period) in retried() {
        let lease = profile.lease().unwrap_or(DEFAULT_LEASE);
        let longest =
            if period <= Duration::from_secs(120) { Duration::from_secs(10) } else { DEFAULT_LEASE };
        assert!(lease < period && lease <= longest, "{id}: {period:?}, {lease:?}");
    }
}

/// The layer warns of an `ack_deadline` that is longer than the provider's deadline. It can do so only if it knows the
/// provider's deadline.
#[test]
fn documented_deadlines_are_known() {
    let deadlines: [(u64, &[&str]); 12] = [
        (1, &["sentry"]),
        (3, &["discord", "okta", "slack", "zoom"]),
        (4, &["pusher"]),
        (5, &["hubspot-v1", "hubspot-v2", "hubspot-v3", "intercom", "linear", "mux", "paddle", "pagerduty"]),
        (5, &["razorpay", "shopify", "supabase-auth", "xero"]),
        (10, &["adyen-header", "adyen-standard", "bitbucket", "dropbox", "github", "gitlab-signing"]),
        (10, &["gitlab-token", "plaid", "standard-webhooks-rawkey", "zendesk"]),
        (15, &["calendly", "close", "fal", "svix"]),
        (20, &["meta"]),
        (25, &["airtable"]),
        (30, &["azure-eventgrid", "box", "braintree", "contentful"]),
        (60, &["flutterwave", "flutterwave-v4"]),
    ];
    for (seconds, ids) in deadlines {
        for id in ids {
            let deadline = provider::find(id).unwrap().profile().ack_deadline();
            assert_eq!(deadline, Some(Duration::from_secs(seconds)), "{id}");
        }
    }
}
