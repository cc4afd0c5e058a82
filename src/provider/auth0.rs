use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Auth0 log streams.
    ///
    /// The verifier accepts streams of the type "Custom Webhook".
    ///
    /// * Signature: none: the provider sends the secret itself in `authorization`, so **the body is not
    ///   protected**.
    /// * Secret: the stream's authorization token, as text. It is the whole value of the header, so it begins
    ///   with `Bearer ` only if the setting in Auth0 does.
    /// * Delivery id: none.
    /// * Batches: one body can carry several events. Depending on the stream's content format, it is a JSON
    ///   array, a JSON object, or one JSON object per line.
    auth0: "auth0", "Auth0 log streams",
        "https://github.com/auth0/docs-v2/blob/HEAD/main/docs/customize/log-streams/custom-log-streams.mdx",
        Scheme::token("authorization"),
        batch: true;
}
