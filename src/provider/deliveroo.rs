use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Deliveroo.
    ///
    /// * Signature: HMAC-SHA256 of `{header:x-deliveroo-sequence-guid} {body}`, as hex in
    ///   `x-deliveroo-hmac-sha256`.
    /// * Secret: the webhook secret, as text.
    /// * Delivery id: none.
    /// * The layer rejects the legacy events of the POS API, which are signed with a line break before the body.
    deliveroo: "deliveroo", "Deliveroo",
        "https://api-docs.deliveroo.com/docs/securing-webhooks",
        Scheme::hmac_sha256("x-deliveroo-hmac-sha256", Hex)
            .signs("{header:x-deliveroo-sequence-guid} {body}");
}
