use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Attio.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Attio-Signature`. Secret: UTF-8.
    /// * Id: `header:Idempotency-Key`, the same when a delivery is sent again, and **not signed**.
    /// * Ten retries over about three days.
    attio: "attio", "Attio",
        "https://docs.attio.com/rest-api/how-to/webhooks",
        Scheme::hmac_sha256("attio-signature", Hex)
            .id("header:idempotency-key")
            .event_type("body:/events/0/event_type"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
