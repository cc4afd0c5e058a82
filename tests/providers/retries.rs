//! The deduplication window of each provider is longer than its retries.

use std::time::Duration;

use tower_webhook::{
    provider,
    verify::{Profile, Verifier},
};

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
            wrong.push(format!("{id}: retries {:?} for {period:?}, window {window:?}", profile.retries()));
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
    let seconds = |id: &str| {
        let verifier =
            provider::find(id).unwrap().verifier("secret:x".parse::<tower_webhook::Secret>().unwrap());
        let deadline = verifier.map(|verifier| verifier.profile().ack_deadline());
        deadline
            .unwrap_or(provider::find(id).unwrap().profile().ack_deadline())
            .map(|deadline| deadline.as_secs())
    };
    for (id, expected) in [
        ("discord", 3),
        ("zoom", 3),
        ("svix", 15),
        ("paddle", 5),
        ("razorpay", 5),
        ("pagerduty", 5),
        ("bitbucket", 10),
        ("gitlab-token", 10),
        ("gitlab-signing", 10),
        ("box", 30),
        ("braintree", 30),
        ("azure-eventgrid", 30),
        ("supabase-auth", 5),
        ("pusher", 4),
        ("close", 15),
        ("dropbox", 10),
        ("slack", 3),
        ("shopify", 5),
        ("github", 10),
        ("xero", 5),
        ("calendly", 15),
        ("contentful", 30),
        ("fal", 15),
        ("sentry", 1),
        ("zendesk", 10),
        ("okta", 3),
        ("adyen-standard", 10),
        ("adyen-header", 10),
        ("meta", 20),
        ("linear", 5),
        ("intercom", 5),
        ("hubspot-v1", 5),
        ("hubspot-v2", 5),
        ("hubspot-v3", 5),
        ("plaid", 10),
        ("flutterwave", 60),
        ("flutterwave-v4", 60),
        ("mux", 5),
        ("standard-webhooks-rawkey", 10),
        ("airtable", 25),
    ] {
        assert_eq!(seconds(id), Some(expected), "{id}");
    }
}
