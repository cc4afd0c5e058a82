//! Secrets and keys: when a text is decoded, and which constructors accept which signature.

use crate::support::*;

async fn judge_standard(provider: &str, secret: &str, key: &[u8]) -> Result<(), Kind> {
    judge_post(provider, secret, &borrowed(&standard("webhook", "id", key, "{}")), "{}").await
}

#[tokio::test]
async fn the_meaning_of_the_whsec_prefix_depends_on_the_provider() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let decoded = BASE64.decode(&secret.as_bytes()[6..]).unwrap();
    assert_eq!(judge_standard("standard-webhooks", secret, &decoded).await, Ok(()));
    let text = judge_standard("standard-webhooks", secret, secret.as_bytes()).await;
    assert_eq!(text, Err(Kind::WrongSignature));
    // For Polar's older secrets, the text is the key; for newer ones, the key is the decoded text. Both have the same
    // prefix, so the layer tries both keys.
    for key in [&*decoded, secret.as_bytes()] {
        assert_eq!(judge_standard("standard-webhooks-rawkey", secret, key).await, Ok(()));
    }
    assert_eq!(judge_stripe(secret, secret.as_bytes(), 0).await, Ok(()));
    assert_eq!(judge_stripe(secret, &decoded, 0).await, Err(Kind::WrongSignature));
    assert_eq!(judge_standard("supabase-auth", &format!("v1,{secret}"), &decoded).await, Ok(()));
}

#[tokio::test]
async fn a_secret_that_looks_encoded_is_text_unless_the_provider_says_otherwise() {
    let looks_base64 = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    let headers = |signature: &str| {
        [
            ("x-zendesk-webhook-signature", signature.to_owned()),
            ("x-zendesk-webhook-signature-timestamp", "2023-11-14T22:13:20Z".to_owned()),
        ]
    };
    let zendesk = async |key: &[u8]| {
        let headers = headers(&base64(key, "2023-11-14T22:13:20Z{}"));
        let headers = headers.each_ref().map(|(name, value)| (*name, &**value));
        judge_post("zendesk", looks_base64, &headers, "{}").await
    };
    assert_eq!(zendesk(looks_base64.as_bytes()).await, Ok(()));
    assert_eq!(zendesk(&BASE64.decode(looks_base64.as_bytes()).unwrap()).await, Err(Kind::WrongSignature));
    // Conversely, Adyen decodes its secrets from hex.
    let looks_text = "44782def547aaa06c910c43932b1eb0c71fc68d9d0c057550c48ec2acf6ba056";
    let adyen = async |key: &[u8]| {
        judge_post("adyen-header", looks_text, &[("hmacsignature", &base64(key, "{}"))], "{}").await
    };
    assert_eq!(adyen(&HEXLOWER.decode(looks_text.as_bytes()).unwrap()).await, Ok(()));
    assert_eq!(adyen(looks_text.as_bytes()).await, Err(Kind::WrongSignature));
}
