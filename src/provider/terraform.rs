use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// HCP Terraform (Terraform Cloud).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-TFE-Notification-Signature`. Secret: UTF-8 token.
    /// * Id: none that names the delivery as a whole.
    terraform: "terraform", "HCP Terraform (Terraform Cloud)",
        "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations",
        Scheme::new(HmacSha512, "x-tfe-notification-signature", Hex)
            .event_type("body:/notifications/0/trigger");
}
