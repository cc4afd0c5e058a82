use super::providers;
use crate::verify::Scheme;

providers! {
    /// The secret itself in `Dg-Token`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. The results of a stream share its `request_id`.
    /// * Retries: yes.
    /// * The identifier of the API key is sent in `dg-token`: **it does not protect the body**.
    /// * Ten retries, 30 s apart.
    deepgram: "deepgram", "Deepgram",
        "https://github.com/deepgram/deepgram-docs/blob/HEAD/fern/docs/callback.mdx",
        Scheme::token("dg-token"),
        retries: Some(true);
}
