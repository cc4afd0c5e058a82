use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Paystack.
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `x-paystack-signature`. Secret: UTF-8, the API's secret
    ///   key.
    /// * Id: none that names the delivery as a whole.
    paystack: "paystack", "Paystack",
        "https://github.com/PaystackHQ/plugin-whmcs/blob/HEAD/modules/gateways/callback/paystack.php",
        Scheme::new(HmacSha512, "x-paystack-signature", Hex)
            .event_type("body:/event");
}
