use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for DocuSign Connect.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-docusign-signature-1` to `x-docusign-signature-10`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{body}`. DocuSign sends one numbered signature for each of the account's keys. The
    ///   layer checks the first ten signatures.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates.
    /// * Event type: `body:/event`, signed.
    /// * Body limit: 25 MiB.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all Connect configurations of an account share
    ///   its keys.
    docusign: "docusign", "DocuSign Connect",
        "https://developers.docusign.com/platform/webhooks/connect/validate",
        Scheme::hmac_sha256("x-docusign-signature-1", Base64)
            .signature_in([
                "header:x-docusign-signature-1",
                "header:x-docusign-signature-2",
                "header:x-docusign-signature-3",
                "header:x-docusign-signature-4",
                "header:x-docusign-signature-5",
                "header:x-docusign-signature-6",
                "header:x-docusign-signature-7",
                "header:x-docusign-signature-8",
                "header:x-docusign-signature-9",
                "header:x-docusign-signature-10",
            ])
            .event_type("body:/event"),
        shared_secret: true,
        equal_bodies: true,
        body_limit: Some(25 * 1024 * 1024);
}
