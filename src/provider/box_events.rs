use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Rfc3339};

providers! {
    /// HMAC-SHA256 of `{body}{ts}` in `Box-Signature-Primary` or `Box-Signature-Secondary`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed. `BOX-DELIVERY-ID` differs for each attempt
    ///   ([source](https://developer.box.com/guides/webhooks/v2/)).
    /// * Event type: `body:/trigger`, signed.
    /// * Timestamp: `header:box-delivery-timestamp`; 600 s into the past and 600 s into the future.
    /// * `BOX-SIGNATURE-SECONDARY` is accepted as well; `BOX-SIGNATURE-VERSION: 1` and `BOX-SIGNATURE-ALGORITHM:
    ///   HmacSHA256` are required.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an application share its keys.
    box_events: "box", "Box v2",
        "https://github.com/box/box-python-sdk/blob/HEAD/test/webhooks.py",
        Scheme::hmac_sha256("box-signature-primary", Base64)
            .signature_in(["header:box-signature-primary", "header:box-signature-secondary"])
            .require("box-signature-version", "1")
            .require("box-signature-algorithm", "HmacSHA256")
            .timestamp("header:box-delivery-timestamp", Rfc3339)
            .tolerance(Some(600), 600)
            .signs("{body}{ts}")
            .id("body:/id")
            .event_type("body:/trigger"),
        shared_secret: true;
}
