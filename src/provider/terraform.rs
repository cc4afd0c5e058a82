use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA512 of the body in `X-Tfe-Notification-Signature`, hex.
    ///
    /// * Secret: the token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/notifications/0/trigger`, signed.
    /// * Batches: one body can carry several events. At present there is always one; HCP Terraform may combine
    ///   several later.
    terraform: "terraform", "HCP Terraform (Terraform Cloud)",
        "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations",
        Scheme::new(HmacSha512, "x-tfe-notification-signature", Hex)
            .event_type("body:/notifications/0/trigger"),
        batch: true;
}
