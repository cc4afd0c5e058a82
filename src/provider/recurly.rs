use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Recurly-Signature`, hex.
    ///
    /// * Secret: the text of the endpoint's key. Only JSON notifications are signed, those in XML are not.
    /// * Signed content: `{ts}.{body}`, HMAC-SHA256, in `recurly-signature`: the time and then a signature for
    ///   each of the endpoint's keys, with commas between.
    /// * Delivery id: none. That is known to name the notification and not its subject.
    /// * Event type: `body:/object_type`, signed.
    /// * Timestamp: `item:0`; 300 s into the past and 300 s into the future. The list's first item; 300 s into
    ///   the past and the future.
    recurly: "recurly", "Recurly",
        "https://docs.recurly.com/recurly-subscriptions/docs/signature-verification",
        Scheme::hmac_sha256("recurly-signature", Hex)
            .list(",")
            .timestamp("item:0", Milliseconds)
            .signs("{ts}.{body}")
            .event_type("body:/object_type");
}
