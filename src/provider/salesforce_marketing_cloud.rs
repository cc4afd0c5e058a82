use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Salesforce Marketing Cloud (Event Notification Service).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-sfmc-ens-signature`.
    /// * Secret: the callback's signature key, as text. The layer rejects the unsigned request that verifies the
    ///   callback, so receive this request on a route without the layer.
    /// * Delivery id: none. One body can carry several events.
    /// * Event type: `body:/0/eventCategoryType`, signed.
    /// * Batches: one body can carry several events.
    salesforce_marketing_cloud: "salesforce-marketing-cloud", "Salesforce Marketing Cloud (Event Notification Service)",
        "https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/ens-notification-signing.html",
        Scheme::hmac_sha256("x-sfmc-ens-signature", Base64)
            .event_type("body:/0/eventCategoryType"),
        batch: true;
}
