use super::providers;
use crate::verify::Scheme;

providers! {
    /// HTTP Basic credentials in `Authorization`.
    ///
    /// * Secret: `user:password`.
    /// * Delivery id: none.
    /// * The secret itself is sent in `Authorization`: **it does not protect the body**.
    basic_auth -> Result: "basic-auth", "HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive)",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/chargebee-webhooks/references/verification.md",
        Scheme::basic();
}
