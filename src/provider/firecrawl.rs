use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Firecrawl.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-firecrawl-signature`.
    /// * Secret: the account's webhook secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account share the secret.
    firecrawl: "firecrawl", "Firecrawl",
        "https://docs.firecrawl.dev/webhooks/security",
        Scheme::hmac_sha256("x-firecrawl-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/type"),
        shared_secret: true;
}
