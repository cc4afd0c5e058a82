use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Paystack.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-paystack-signature`.
    /// * Secret: the API's secret key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 3 days.
    paystack: "paystack", "Paystack",
        "https://github.com/PaystackHQ/plugin-whmcs/blob/HEAD/modules/gateways/callback/paystack.php",
        Scheme::new(HmacSha512, "x-paystack-signature", Hex)
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
