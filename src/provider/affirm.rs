use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Affirm.
    ///
    /// * Signature: HMAC-SHA512 of `{ts}.{body}`, as hex in `x-affirm-signature`.
    /// * Secret: the private API key, as text.
    /// * Delivery id: none.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Affirm signs webhooks only for merchants that ask Affirm to enable signatures. Most events are forms.
    affirm: "affirm", "Affirm",
        "https://docs.affirm.com/developers/docs/checking-webhook-signatures",
        Scheme::new(HmacSha512, "x-affirm-signature", Hex)
            .list(",")
            .pairs("=", ["v0"])
            .timestamp("field:t", Seconds)
            .signs("{ts}.{body}");
}
