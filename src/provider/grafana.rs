use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Grafana-Alerting-Signature` or `X-Grafana-Alert-Signature`, hex.
    ///
    /// * Secret: the text as it stands. With a timestamp header, which has no name unless one is configured,
    ///   `{ts}:{body}` is signed: build a [`Scheme`] for that.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Grafana-Alerting-Signature`, or
    ///   `X-Grafana-Alert-Signature` as some versions call it.
    /// * Delivery id: none.
    /// * Event type: `body:/status`, signed.
    grafana: "grafana", "Grafana Alerting",
        "https://github.com/grafana/alerting/blob/HEAD/http/hmac.go",
        Scheme::hmac_sha256("x-grafana-alerting-signature", Hex)
            .signature_in(["header:x-grafana-alerting-signature", "header:x-grafana-alert-signature"])
            .event_type("body:/status");
}
