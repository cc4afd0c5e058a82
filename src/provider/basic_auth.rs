use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive).
    ///
    /// * Signature: none: the provider sends HTTP Basic credentials in `authorization`, so **the body is not
    ///   protected**.
    /// * Secret: `user:password`.
    /// * Delivery id: none.
    /// * Body limit: 50 MiB.
    basic_auth -> Result: "basic-auth", "HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive)",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/chargebee-webhooks/references/verification.md",
        Scheme::basic(),
        body_limit: Some(50 * 1024 * 1024);
}
