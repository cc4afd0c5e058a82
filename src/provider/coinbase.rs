use std::time::Duration;

use super::{providers, shapes};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Coinbase Developer Platform.
    ///
    /// * Signed: `{ts}.{field:h}.{headers_named_by:h}.{body}`, HMAC-SHA256, in `X-Hook0-Signature`, as
    ///   [`hook0_v1`](super::hook0_v1()). Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    coinbase_cdp: "coinbase-cdp", "Coinbase Developer Platform",
        "https://docs.cdp.coinbase.com/api-reference/payment-apis/webhooks/verification",
        shapes::hook0_version_1();

    /// Coinbase Commerce.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-CC-Webhook-Signature`. Secret: UTF-8.
    /// * Id: `body:/event/id`, signed.
    /// * Retries for up to three days
    ///   ([source](https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account
    ///   sign with it, and an event has the same id at each.
    coinbase_commerce: "coinbase-commerce", "Coinbase Commerce",
        "https://github.com/coinbase/coinbase-commerce-node/blob/HEAD/test/testWebhook.spec.js",
        Scheme::hmac_sha256("x-cc-webhook-signature", Hex)
            .id("body:/event/id")
            .event_type("body:/event/type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
