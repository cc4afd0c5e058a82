use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Cisco Meraki.
    ///
    /// * Signature: none: the provider sends the secret itself in `body:/sharedSecret`, so **the body is not
    ///   protected**.
    /// * Secret: the shared secret of the HTTP server, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/alertTypeId`, **not signed**.
    /// * The body contains the secret. Do not log it.
    meraki: "meraki", "Cisco Meraki",
        "https://developer.cisco.com/meraki/webhooks/introduction/",
        Scheme::token("body:/sharedSecret")
            .event_type("body:/alertTypeId");
}
