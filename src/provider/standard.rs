//! Standard Webhooks, and the providers that keep to it or nearly so.

use super::facts::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Seconds};

/// The layout that all of them share, with headers that begin with `prefix`.
fn layout(prefix: &str) -> Scheme {
    Scheme::hmac_sha256(&format!("{prefix}-signature"), Base64)
        .list(" ")
        .pairs(",", ["v1"])
        .timestamp(&format!("header:{prefix}-timestamp"), Seconds)
        .signs(&format!("{{header:{prefix}-id}}.{{ts}}.{{body}}"))
        .id(&format!("header:{prefix}-id"))
}

/// The same with a secret that is base64, after `whsec_` if that is there.
fn decoding_its_secret(prefix: &str) -> Scheme {
    layout(prefix).key_prefix("whsec_").key_encoding(Base64)
}

providers! {
    /// Standard Webhooks (v1).
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    standard_webhooks, try_standard_webhooks: "standard-webhooks", "Standard Webhooks (v1)",
        "https://github.com/standard-webhooks/standard-webhooks/blob/HEAD/spec/standard-webhooks.md",
        decoding_its_secret("webhook")
            .event_type("body:/type");

    /// Svix (Clerk, Resend, Brex, Stytch, ...).
    ///
    /// * Signed: `{header:svix-id}.{ts}.{body}`, HMAC-SHA256, in `svix-signature`. Secret: base64
    ///   after optional `whsec_`.
    /// * Id: `header:svix-id`, signed.
    /// * Timestamp: `header:svix-timestamp`; 300 s into the past and 300 s into the future.
    svix, try_svix: "svix", "Svix (Clerk, Resend, Brex, Stytch, ...)",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        decoding_its_secret("svix")
            .event_type("body:/type");

    /// Polar.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   UTF-8, with its `whsec_`. **Secrets that Polar has generated since 8 September 2026** are those
    ///   of Standard Webhooks ([source](https://github.com/polarsource/polar/pull/14117)): give them to
    ///   [`standard_webhooks`].
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    polar, try_polar: "standard-webhooks-rawkey", "Polar",
        "https://github.com/polarsource/polar/blob/HEAD/docs/integrate/webhooks/delivery.mdx",
        layout("webhook")
            .event_type("body:/type");

    /// OpenAI.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    openai, try_openai: "openai", "OpenAI",
        "https://github.com/openai/openai-python/blob/HEAD/tests/lib/test_webhook_signature.py",
        decoding_its_secret("webhook")
            .event_type("body:/type");

    /// Anthropic (managed agents).
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    anthropic, try_anthropic: "anthropic", "Anthropic (managed agents)",
        "https://github.com/anthropics/anthropic-sdk-python/blob/HEAD/src/anthropic/resources/beta/webhooks.py",
        decoding_its_secret("webhook")
            .event_type("body:/type");

    /// Replicate.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    replicate, try_replicate: "replicate", "Replicate",
        "https://github.com/replicate/replicate-javascript/blob/HEAD/index.test.ts",
        decoding_its_secret("webhook")
            .event_type("body:/status");

    /// Lithic.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    lithic, try_lithic: "lithic", "Lithic",
        "https://github.com/lithic-com/lithic-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        decoding_its_secret("webhook")
            .event_type("body:/event_type");

    /// GitLab (signing token).
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Event type: `header:X-Gitlab-Event`, **not signed**.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    gitlab_signing, try_gitlab_signing: "gitlab-signing", "GitLab (signing token)",
        "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944",
        decoding_its_secret("webhook")
            .event_type("header:x-gitlab-event");

    /// Supabase Auth hooks.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   `v1,whsec_<base64>`. Where Supabase shows several, joined by `|`, give each by itself; those
    ///   that begin with `v1a,` are of Ed25519, which is not looked at.
    /// * Id: `header:webhook-id`, signed. Each attempt has one of its own
    ///   ([source](https://github.com/supabase/auth/blob/HEAD/internal/hooks/hookshttp/hookshttp.go)), so a
    ///   duplicate is a replay. It is answered 200 without a body, which Supabase takes for an error.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    supabase_auth, try_supabase_auth: "supabase-auth", "Supabase Auth hooks",
        "https://github.com/supabase/auth/blob/HEAD/internal/conf/configuration.go",
        Scheme::hmac_sha256("webhook-signature", Base64)
            .key_prefix("v1,")
            .key_prefix("whsec_")
            .key_encoding(Base64)
            .list(" ")
            .pairs(",", ["v1"])
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{header:webhook-id}.{ts}.{body}")
            .id("header:webhook-id");
}
