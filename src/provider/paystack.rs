use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA512 of the body in `X-Paystack-Signature`, hex.
    ///
    /// * Secret: the text as it stands, the API's secret key.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    paystack: "paystack", "Paystack",
        "https://github.com/PaystackHQ/plugin-whmcs/blob/HEAD/modules/gateways/callback/paystack.php",
        Scheme::new(HmacSha512, "x-paystack-signature", Hex)
            .event_type("body:/event");
}
