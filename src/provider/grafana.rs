use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Grafana Alerting.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-grafana-alerting-signature` or
    ///   `x-grafana-alert-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{body}`. Some versions use the header `x-grafana-alert-signature`.
    /// * Delivery id: none.
    /// * Event type: `body:/status`, signed.
    /// * If a timestamp header is configured in Grafana, the signed content is `{ts}:{body}`. In this case,
    ///   build a [`Scheme`].
    grafana: "grafana", "Grafana Alerting",
        "https://github.com/grafana/alerting/blob/HEAD/http/hmac.go",
        Scheme::hmac_sha256("x-grafana-alerting-signature", Hex)
            .signature_in(["header:x-grafana-alerting-signature", "header:x-grafana-alert-signature"])
            .event_type("body:/status");
}
