use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Supabase Auth hooks.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: `v1,whsec_<base64>`. If Supabase displays several secrets, separated by `|`, pass each of them
    ///   as a separate secret. Omit secrets that begin with `v1a,`: they are Ed25519 keys, which this verifier
    ///   does not support.
    /// * Delivery id: `header:webhook-id`, signed. Each attempt has its own id
    ///   ([source](https://github.com/supabase/auth/blob/HEAD/internal/hooks/hookshttp/hookshttp.go)), so only a
    ///   replayed request is a duplicate. The layer responds to a duplicate with an empty 200. Supabase would
    ///   treat an empty response as an error, but never sends a duplicate itself.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s.
    supabase_auth -> Result: "supabase-auth", "Supabase Auth hooks",
        "https://github.com/supabase/auth/blob/HEAD/internal/conf/configuration.go",
        Scheme::hmac_sha256("webhook-signature", Base64)
            .key_prefix("v1,")
            .key_prefix("whsec_")
            .key_encoding(Base64)
            .list(" ")
            .pairs(",", ["v1"])
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{header:webhook-id}.{ts}.{body}")
            .id("header:webhook-id"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}
