use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Recurly.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `recurly-signature`: the time and then a signature for
    ///   each of the endpoint's keys, with commas between. Secret: the text of the endpoint's key.
    ///   Only JSON notifications are signed, those in XML are not.
    /// * Id: none that is known to name the notification and not its subject.
    /// * Timestamp: the list's first item; 300 s into the past and the future.
    recurly: "recurly", "Recurly",
        "https://docs.recurly.com/recurly-subscriptions/docs/signature-verification",
        Scheme::hmac_sha256("recurly-signature", Hex)
            .list(",")
            .timestamp("item:0", Milliseconds)
            .signs("{ts}.{body}")
            .event_type("body:/object_type");
}
