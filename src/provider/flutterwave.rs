use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Flutterwave (v3).
    ///
    /// * Signature: none: the provider sends the secret itself in `verif-hash`, so **the body is not
    ///   protected**.
    /// * Secret: the secret hash, as text.
    /// * Delivery id: none. `data.id` identifies the transaction, which can have several deliveries.
    /// * Event type: `body:/event`, **not signed**.
    /// * Query the transaction from Flutterwave's API before acting on it. The `flutterwave-signature` of v4 is
    ///   not checked.
    flutterwave: "flutterwave", "Flutterwave (v3)",
        "https://github.com/Flutterwave/Woocommerce-v2/blob/HEAD/includes/class-flw-wc-payment-gateway.php",
        Scheme::token("verif-hash")
            .event_type("body:/event");
}
