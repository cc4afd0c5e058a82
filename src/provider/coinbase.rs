use std::time::Duration;

use super::{providers, shapes};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of `{ts}.{field:h}.{headers_named_by:h}.{body}` in `X-Hook0-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{ts}.{field:h}.{headers_named_by:h}.{body}`, HMAC-SHA256, in `X-Hook0-Signature`, as
    ///   [`hook0_v1`](super::hook0_v1()).
    /// * Delivery id: none.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    coinbase_cdp: "coinbase-cdp", "Coinbase Developer Platform",
        "https://docs.cdp.coinbase.com/api-reference/payment-apis/webhooks/verification",
        shapes::hook0_version_1();

    /// HMAC-SHA256 of the body in `X-Cc-Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed.
    /// * Retries: yes; deduplicated for 4 days. For up to three days
    ///   ([source](https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account share it, and an
    ///   event has the same id for each.
    coinbase_commerce: "coinbase-commerce", "Coinbase Commerce",
        "https://github.com/coinbase/coinbase-commerce-node/blob/HEAD/test/testWebhook.spec.js",
        Scheme::hmac_sha256("x-cc-webhook-signature", Hex)
            .id("body:/event/id")
            .event_type("body:/event/type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
