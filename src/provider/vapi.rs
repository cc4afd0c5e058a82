use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Vapi.
    ///
    /// The verifier accepts requests of a server whose credential is a bearer token in `Authorization`.
    ///
    /// * Signature: none: the provider sends the secret itself in `authorization`, so **the body is not
    ///   protected**.
    /// * Secret: the credential's token, as text, without `Bearer `.
    /// * Delivery id: none.
    /// * Event type: `body:/message/type`, **not signed**.
    /// * For a credential of the type HMAC, build a [`Scheme`](crate::verify::Scheme): its algorithm, headers
    ///   and signed content are settings in Vapi.
    vapi: "vapi", "Vapi",
        "https://github.com/VapiAI/docs/blob/HEAD/fern/server-url/server-authentication.mdx",
        Scheme::token("authorization").prefix("Bearer ")
            .event_type("body:/message/type");

    /// Creates a verifier for Vapi (legacy).
    ///
    /// The verifier accepts requests of a server with an inline secret, or whose credential is a token in
    /// `X-Vapi-Secret`.
    ///
    /// * Signature: none: the provider sends the secret itself in `x-vapi-secret`, so **the body is not
    ///   protected**.
    /// * Secret: the server's secret or the credential's token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/message/type`, **not signed**.
    vapi_secret: "vapi-secret", "Vapi (legacy)",
        "https://github.com/VapiAI/docs/blob/HEAD/fern/server-url/server-authentication.mdx",
        Scheme::token("x-vapi-secret")
            .event_type("body:/message/type");
}
