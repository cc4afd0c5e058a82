use super::providers;
use crate::verify::Scheme;

providers! {
    /// The secret itself in `Verif-Hash`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. No id names the delivery; `data.id` is the transaction's, which may have several.
    /// * Event type: `body:/event`, **not signed**.
    /// * The secret hash itself is sent in `verif-hash`: **it does not protect the body**. Query the transaction
    ///   from Flutterwave before acting on it. The `flutterwave-signature` of v4 is not checked.
    flutterwave: "flutterwave", "Flutterwave (v3)",
        "https://github.com/Flutterwave/Woocommerce-v2/blob/HEAD/includes/class-flw-wc-payment-gateway.php",
        Scheme::token("verif-hash")
            .event_type("body:/event");
}
