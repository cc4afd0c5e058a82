use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: `v1,whsec_<base64>`. If Supabase shows several, joined by `|`, configure each separately. Those
    ///   that begin with `v1a,` are Ed25519 keys, which are not supported.
    /// * Delivery id: `header:webhook-id`, signed. Each attempt has its own id
    ///   ([source](https://github.com/supabase/auth/blob/HEAD/internal/hooks/hookshttp/hookshttp.go)), so a
    ///   duplicate is a replay. It is answered 200 without a body, which Supabase treats as an error.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
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
            .id("header:webhook-id");
}
