use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Flutterwave (v3).
    ///
    /// * Signature: none: the provider sends the secret itself in `verif-hash`, so **the body is not
    ///   protected**.
    /// * Secret: the secret hash, as text.
    /// * Delivery id: none. `data.id` identifies the transaction, which can have several deliveries.
    /// * Event type: `body:/event`, **not signed**.
    /// * Retries: yes, for up to 90 minutes, unless retries are disabled in the dashboard
    ///   ([source](https://developer.flutterwave.com/docs/webhooks)).
    /// * Acknowledge within: 60 s.
    /// * Query the transaction from Flutterwave's API before acting on it. The layer does not check the
    ///   `flutterwave-signature` of v4.
    flutterwave: "flutterwave", "Flutterwave (v3)",
        "https://github.com/Flutterwave/Woocommerce-v2/blob/HEAD/includes/class-flw-wc-payment-gateway.php",
        Scheme::token("verif-hash")
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(60)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(90 * 60));

    /// Creates a verifier for Flutterwave (v4).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `flutterwave-signature`.
    /// * Secret: the secret hash, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 90 minutes, unless retries are disabled in the dashboard
    ///   ([source](https://developer.flutterwave.com/docs/webhooks)).
    /// * Acknowledge within: 60 s.
    flutterwave_v4: "flutterwave-v4", "Flutterwave (v4)",
        "https://developer.flutterwave.com/docs/webhooks",
        Scheme::hmac_sha256("flutterwave-signature", Base64)
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(60)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(90 * 60));
}
