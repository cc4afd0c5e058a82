use super::providers;
use crate::verify::{Encoding::Hex, Scheme, SignedEncoding, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for QuickNode.
    ///
    /// * Signature: HMAC-SHA256 of `{header:x-qn-nonce}{ts}{body}`, as hex in `x-qn-signature`.
    /// * Secret: the security token, as text.
    /// * Signed content: the nonce, the timestamp and the body. QuickNode signs the body before compression, so
    ///   the layer decodes a compressed body before verification, which requires the feature `compression`.
    /// * Delivery id: none. A stream delivers ranges of blocks, and QuickNode documents no id of a range.
    /// * Timestamp: `header:x-qn-timestamp`; tolerance 300 s.
    quicknode: "quicknode", "QuickNode",
        "https://www.quicknode.com/sample-app-library/streams-webhook-validate-signature",
        Scheme::hmac_sha256("x-qn-signature", Hex)
            .timestamp("header:x-qn-timestamp", Seconds)
            .signs("{header:x-qn-nonce}{ts}{body}"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Decoded);
}
