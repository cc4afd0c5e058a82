use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for DingTalk (robots).
    ///
    /// The verifier is for robots of internal applications that receive messages over HTTP.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}\n{secret}`, as base64 in `sign`.
    /// * Secret: the application's `AppSecret`, as text.
    /// * Delivery id: `body:/msgId`, **not signed**.
    /// * Event type: `body:/msgtype`, **not signed**.
    /// * Timestamp: `header:timestamp`; tolerance 3600 s in the past and 300 s in the future.
    /// * Not covered: **the body**. An attacker who captures a request can send any body with its signature for
    ///   an hour. Use HTTPS, and keep the endpoint's URL secret.
    dingtalk: "dingtalk", "DingTalk (robots)",
        "https://open.dingtalk.com/document/orgapp/receive-message",
        Scheme::hmac_sha256("sign", Base64)
            .timestamp("header:timestamp", Milliseconds)
            .tolerance(Some(3600), 300)
            .signs("{ts}\n{secret}")
            .id("body:/msgId")
            .event_type("body:/msgtype");
}
