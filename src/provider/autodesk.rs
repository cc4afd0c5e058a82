use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Autodesk Platform Services.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1hash=` in `x-adsk-signature`.
    /// * Secret: the application's webhook token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/hook/event`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 6 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an application share its token.
    /// * The last of the four retries comes at least 48 hours after the first attempt.
    autodesk: "autodesk", "Autodesk Platform Services",
        "https://aps.autodesk.com/en/docs/webhooks/v1/overview/basics",
        Scheme::new(HmacSha1, "x-adsk-signature", Hex)
            .prefix("sha1hash=")
            .event_type("body:/hook/event"),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(6)),
        retries: Some(true);
}
