use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Recurly-Signature`, hex.
    ///
    /// * Secret: the text of the endpoint's key. Only JSON notifications are signed; XML is not.
    /// * Signed content: `{ts}.{body}`, HMAC-SHA256, in `recurly-signature`: the time and a signature for each
    ///   of the endpoint's keys, separated by commas.
    /// * Delivery id: none. No documented id is known to name the notification rather than its subject.
    /// * Event type: `body:/object_type`, signed.
    /// * Timestamp: `item:0`; 300 s into the past and 300 s into the future. It is the list's first item.
    recurly: "recurly", "Recurly",
        "https://docs.recurly.com/recurly-subscriptions/docs/signature-verification",
        Scheme::hmac_sha256("recurly-signature", Hex)
            .list(",")
            .timestamp("item:0", Milliseconds)
            .signs("{ts}.{body}")
            .event_type("body:/object_type");
}
