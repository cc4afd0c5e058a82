use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Grafana-Alerting-Signature` or `X-Grafana-Alert-Signature`, hex.
    ///
    /// * Secret: the text as it stands. If a timestamp header is configured, the signed content is
    ///   `{ts}:{body}`: build a [`Scheme`] for that.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Grafana-Alerting-Signature`, or
    ///   `X-Grafana-Alert-Signature` in some versions.
    /// * Delivery id: none.
    /// * Event type: `body:/status`, signed.
    grafana: "grafana", "Grafana Alerting",
        "https://github.com/grafana/alerting/blob/HEAD/http/hmac.go",
        Scheme::hmac_sha256("x-grafana-alerting-signature", Hex)
            .signature_in(["header:x-grafana-alerting-signature", "header:x-grafana-alert-signature"])
            .event_type("body:/status");
}
