use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Docusign-Signature-1` or `X-Docusign-Signature-2` or
    /// `X-Docusign-Signature-3` or `X-Docusign-Signature-4` or `X-Docusign-Signature-5` or
    /// `X-Docusign-Signature-6` or `X-Docusign-Signature-7` or `X-Docusign-Signature-8` or
    /// `X-Docusign-Signature-9` or `X-Docusign-Signature-10`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-DocuSign-Signature-1` and on, one for each of the
    ///   account's keys; the first ten are checked.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
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
        shared_secret: true;
}
