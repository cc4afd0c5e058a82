use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for NOWPayments.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-nowpayments-sig`.
    /// * Secret: the IPN secret key, as text.
    /// * Signed content: NOWPayments signs the body's JSON with sorted keys, without white space, and with
    ///   numbers and strings as JavaScript writes them. This is its canonical form (RFC 8785). With the feature
    ///   `canonical-json`, the layer also accepts a body of up to 256 KiB that arrives in another form, and its
    ///   canonical form is the payload. A larger body must arrive in its canonical form. Without the feature,
    ///   every body must arrive in its canonical form, but NOWPayments does not sort the keys of the bodies that
    ///   it sends.
    /// * Delivery id: none. `payment_id` identifies the payment, and is the same for all of its states.
    /// * Event type: `body:/payment_status`, signed.
    /// * Acknowledge within: 3 s.
    nowpayments: "nowpayments", "NOWPayments",
        "https://nowpayments.zendesk.com/hc/en-us/articles/21395546303389-IPN-and-how-to-setup",
        Scheme::new(HmacSha512, "x-nowpayments-sig", Hex).event_type("body:/payment_status"),
        canonical_json: true,
        ack_deadline: Some(Duration::from_secs(3));
}
