//! The deduplication window of each provider is longer than its retries.
#![cfg(feature = "full")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use tower_webhook::{provider, verify::Verifier};

/// The window of providers whose profile states none.
const DEFAULT_WINDOW: Duration = Duration::from_secs(8 * 24 * 3600);

/// The minutes between the first attempt and the last retry, for each provider whose documentation or code states
/// them.
const SPANS: &[(&str, u64)] = &[
    ("ably", 5),
    ("adyen-standard", 30 * DAY),
    ("adyen-header", 30 * DAY),
    ("alchemy", 12),
    ("attio", 3 * DAY),
    ("autosend", 2),
    ("azure-eventgrid", DAY),
    ("bigcommerce", 2 * DAY),
    ("box", 2 * HOUR),
    ("braintree", DAY),
    ("calendly", DAY),
    ("cashfree", 42),
    ("checkout", 30 * HOUR),
    ("close", 3 * DAY),
    ("coinbase-commerce", 3 * DAY),
    ("deepgram", 5),
    ("dropbox", 10),
    ("dropbox-sign", 3 * DAY),
    ("emailit", 7 * DAY),
    ("fal", 2 * HOUR),
    ("fireblocks", 8 * HOUR),
    ("fireblocks-v2", 8 * HOUR),
    ("flux", 1),
    ("getstream", 1),
    ("hook0", 8 * DAY),
    ("hook0-v1", 8 * DAY),
    ("hubspot-v1", DAY),
    ("hubspot-v2", DAY),
    ("hubspot-v3", DAY),
    ("kustomer", HOUR),
    ("lemonsqueezy", 3),
    ("linear", 7 * HOUR + 1),
    ("livekit", 1),
    ("mailgun", 8 * HOUR),
    ("meta", 7 * DAY),
    ("monday", 30),
    ("openai", 3 * DAY),
    ("paddle", 3 * DAY),
    ("pagerduty", 2 * DAY),
    ("paypal", 3 * DAY),
    ("paystack", 3 * DAY),
    ("plaid", DAY),
    ("postal", 36),
    ("postal-sha1", 36),
    ("pusher", 5),
    ("razorpay", DAY),
    ("recurly", 73 * HOUR),
    ("replicate", 1),
    ("saleor", 6),
    ("sanity", 1),
    ("sendgrid", DAY),
    ("shopify", 4 * HOUR),
    ("square", 3 * DAY),
    ("stripe", 3 * DAY),
    ("svix", 28 * HOUR),
    ("tiktok", 3 * DAY),
    ("typeform", 35),
    ("upstash", 31 * HOUR),
    ("vercel", DAY),
    ("whoop", HOUR),
    ("workos", 3 * DAY),
    ("xero", DAY),
    ("zoom", 85),
];

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

#[test]
fn a_window_is_longer_than_the_retries() {
    let mut wrong = Vec::new();
    for (id, minutes) in SPANS {
        let profile = provider::find(id).unwrap_or_else(|| panic!("no {id}")).profile();
        let window = profile.dedupe_window().unwrap_or(DEFAULT_WINDOW);
        if profile.retries() != Some(true) || window <= Duration::from_secs(minutes * 60) {
            wrong.push(format!("{id}: retries {:?}, window {window:?}", profile.retries()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A retry may come just before the claim of a crashed process expires, and another must follow.
#[test]
fn a_provider_with_quick_retries_has_a_short_lease() {
    for (id, minutes) in SPANS.iter().filter(|(_, minutes)| *minutes <= 2) {
        let lease = provider::find(id).unwrap().profile().lease();
        assert!(
            lease.is_some_and(|lease| lease <= Duration::from_secs(10)),
            "{id}: {minutes} min, {lease:?}"
        );
    }
}

/// The layer warns of an `ack_deadline` that is longer than the provider's, so the provider's must be known.
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
    ] {
        assert_eq!(seconds(id), Some(expected), "{id}");
    }
}
