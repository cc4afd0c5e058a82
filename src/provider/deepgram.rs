use std::time::Duration;

use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Deepgram.
    ///
    /// * Signature: none: the provider sends the secret itself in `dg-token`, so **the body is not protected**.
    /// * Secret: the identifier of the API key, as text.
    /// * Delivery id: none. All results of a stream have the same `request_id`.
    /// * Retries: yes, for up to 5 minutes. Deepgram retries ten times, 30 s apart.
    deepgram: "deepgram", "Deepgram",
        "https://github.com/deepgram/deepgram-docs/blob/HEAD/fern/docs/callback.mdx",
        Scheme::token("dg-token"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(5 * 60));
}
