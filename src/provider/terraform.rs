use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for HCP Terraform (Terraform Cloud).
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-tfe-notification-signature`.
    /// * Secret: the token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/notifications/0/trigger`, signed.
    /// * Batches: one body can carry several events. HCP Terraform currently sends one event, and may combine
    ///   several in the future.
    terraform: "terraform", "HCP Terraform (Terraform Cloud)",
        "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations",
        Scheme::new(HmacSha512, "x-tfe-notification-signature", Hex)
            .event_type("body:/notifications/0/trigger"),
        batch: true;
}
