use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Enode.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1=` in `x-enode-signature`.
    /// * Secret: the secret that you chose when you created the webhook, as text.
    /// * Delivery id: none. The source does not state whether retries have the same `X-Enode-Delivery`.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s.
    /// * Batches: one body can carry several events.
    enode: "enode", "Enode",
        "https://developers.enode.com/docs/webhooks",
        Scheme::new(HmacSha1, "x-enode-signature", Hex)
            .prefix("sha1="),
        batch: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(5));
}
