use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Grafana Alerting.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Grafana-Alerting-Signature`, or
    ///   `X-Grafana-Alert-Signature` as some versions call it. Secret: UTF-8. With a timestamp
    ///   header, which has no name unless one is configured, `{ts}:{body}` is signed: build a
    ///   [`Scheme`] for that.
    /// * Id: none that names the delivery as a whole.
    grafana: "grafana", "Grafana Alerting",
        "https://github.com/grafana/alerting/blob/HEAD/http/hmac.go",
        Scheme::hmac_sha256("x-grafana-alerting-signature", Hex)
            .signature_in(["header:x-grafana-alerting-signature", "header:x-grafana-alert-signature"])
            .event_type("body:/status");
}
