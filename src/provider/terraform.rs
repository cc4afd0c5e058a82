use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for HCP Terraform (Terraform Cloud).
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-tfe-notification-signature` or `x-tfc-task-signature`.
    /// * Secret: the token, as text.
    /// * Delivery id: `body:/task_result_id`, signed.
    /// * Event type: `body:/notifications/0/trigger` or `body:/trigger` or `body:/stage`, signed.
    /// * Batches: one body can carry several events. HCP Terraform currently sends one event, and may combine
    ///   several in the future.
    terraform: "terraform", "HCP Terraform (Terraform Cloud)",
        "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations",
        Scheme::new(HmacSha512, "x-tfe-notification-signature", Hex)
            .signature_in(["header:x-tfe-notification-signature", "header:x-tfc-task-signature"])
            .id("body:/task_result_id")
            .event_type(["body:/notifications/0/trigger", "body:/trigger", "body:/stage"]),
        batch: true;
}
