use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Thinkific.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-thinkific-hmac-sha256`.
    /// * Secret: the site's API key or, for an app, the app's client secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: none. The body names the event in two values, `resource` and `action`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of a site or app share the secret.
    thinkific: "thinkific", "Thinkific",
        "https://support.thinkific.dev/hc/en-us/articles/4422685850775-Using-Webhooks",
        Scheme::hmac_sha256("x-thinkific-hmac-sha256", Hex)
            .id("body:/id"),
        shared_secret: true;
}
