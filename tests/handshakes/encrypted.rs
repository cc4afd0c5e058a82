//! Handshakes of providers that encrypt their bodies. The bodies were encrypted with Python's `cryptography`.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;

use crate::support::{Found, MISSING, URL, ask, get, layer, object, request, secret, text};

const KEY: &str = "1212121212";

/// The types, challenges and tokens are those of the names; the others are as in the first.
#[rustfmt::skip]
mod bodies {
    pub(super) const CHALLENGE: &str =
        r#"{"encrypt":"bSXPc0xJod0nPk2Pq19b2zJWeQaJ63UMkWn+Bx3wvRgHBQ8Kjyf/RPTIuU7cWbfS8nOAMenbRFpmkXIuPEg92ckdeViFHaK/2tITFSKLQV+bjHZlOIkh7ZNPTQitn8zt"}"#;
    pub(super) const OTHER_KEY: &str =
        r#"{"encrypt":"jRCZ7AXo/cfB1zR3dkircwae/mJWHFmDBo56st2zz60Bd0fd34N6rsfQo0N1e+tISO5pYflCIST6GzqVRTqDHyQGdOA5Y23cVKEq2aSCn9WtAyporNdCRKOY9uwWdt6M"}"#;
    pub(super) const OTHER_TOKEN: &str =
        r#"{"encrypt":"veIBglBF5Noy2l6WeWudMOLD1txR7pkPtRjsqiijdCnLnNCRXyUDMtGLHjCz1ofL5N20hwXOWfR35JNZ4pDRejBxeXvNiNaAU81jQ6Y+DMqHVeIxjvgioOYxtwytbAHJ"}"#;
    pub(super) const NO_TOKEN: &str =
        r#"{"encrypt":"eOZFLylpzM3CcQyDhp7LeXdAEPDKYpgTmSm8e5GzElVUHNDoi3To7IsI7Ezbu85BmbqZzRQvEJ7vUt03PW7ohdtEt5XWsR/XQrHG8SXej5w="}"#;
    pub(super) const EVENT_IN_THE_CHALLENGE: &str =
        r#"{"encrypt":"ef4/oe1nLJ1TiADLJRSpL9bnlaLeOKwoRcmqcJSaAAtXFeDqptMBwxgibZ2xGwSbqgNrBRNASjK+kxPKn9/SbZU3gSfyhacEYPxf3OLgMEoPcfZnVsos52USgcKxYyRM"}"#;
    pub(super) const LONG_CHALLENGE: &str =
        r#"{"encrypt":"k3kYGMbtU3KBtKtNnK9MJNWnvb/tKisuV2Ax28MjY6v+jDd1Lhy2YgTPn85sbMJYaVBcZvsX9CYLIKS3I6RTMvUCcx8fpbzv+hKctSLirLdfZnTH7hUVuUcVx/kEzQQ5B+ja43Jh0a6GY0A1Wk2TXSa9yvHsqHcojkYqGFo37kJlBvV3BKJLHEBwtQ5yrFxCffYF/OJ7AvKBZLxNscnm5EGohVOZvmTjVmCLpVd0qm/HKb6oQeCbm7IZYPUQTwxqsZwL5noybPinIZFmAS407g=="}"#;
    pub(super) const EVENT: &str =
        r#"{"encrypt":"JS82F1/R54k/3UTPwPnv4xKHVO/tsaPR4JiM8GJn01bWLrdIBaebtGedj6e/HO0xjpwqPyPHWIBQqFkxjc1xICs8mxKnijzvEXZLb4KgRA629fwiye2fcqigU0fvhLw1IWzs+QyhWYrECsMaiEsa6p+0UKq6YeslO91g4q+FhkY="}"#;
}

/// Returns a request without a signature, with a length, as every HTTP/1 client sends it.
fn unsigned(body: &str) -> Request<Full<Bytes>> {
    request(&Method::POST, URL, &[("content-length", &*body.len().to_string())], body)
}

fn signed(body: &str, signature: &str) -> Request<Full<Bytes>> {
    let headers = [
        ("x-lark-request-timestamp", "1760000000"),
        ("x-lark-request-nonce", "4f1b0c7a"),
        ("x-lark-signature", signature),
    ];
    request(&Method::POST, URL, &headers, body)
}

#[tokio::test]
async fn an_encrypted_challenge_is_answered_if_it_has_the_verify_token() {
    let answer = object(json!({ "challenge": "ajls384kdjx98XX" }));
    let feishu = || layer("feishu", secret(KEY)).verify_token(secret("v"));
    assert_eq!(ask(feishu(), unsigned(bodies::CHALLENGE)).await, answer);
    let two = layer("feishu", [secret("another key"), secret(KEY)]).verify_token(secret("v"));
    assert_eq!(ask(two, unsigned(bodies::CHALLENGE)).await, answer);
    let signature = "88274640e917fbbdebf474b680faa7ba2a9c98d0be9fc4ec4b5b6c97377c5d3a";
    assert_eq!(ask(feishu(), signed(bodies::CHALLENGE, signature)).await, answer);
}

#[tokio::test]
async fn nothing_else_is_answered_or_handled_without_a_signature() {
    let feishu = || layer("feishu", secret(KEY)).verify_token(secret("v"));
    for body in [
        bodies::OTHER_KEY,
        bodies::OTHER_TOKEN,
        bodies::NO_TOKEN,
        bodies::EVENT_IN_THE_CHALLENGE,
        bodies::LONG_CHALLENGE,
        bodies::EVENT,
        r#"{"challenge":"ajls384kdjx98XX","token":"v","type":"url_verification"}"#,
        r#"{"encrypt":""}"#,
        r#"{"encrypt":"v"}"#,
    ] {
        assert_eq!(ask(feishu(), unsigned(body)).await, MISSING, "{body}");
    }
    // Without a verify token, the layer cannot check the challenge's token.
    let found = ask(layer("feishu", secret(KEY)), unsigned(bodies::CHALLENGE)).await;
    assert_eq!(found, MISSING);
}

#[tokio::test]
async fn a_signed_challenge_with_another_token_reaches_the_handler() {
    let feishu = layer("feishu", secret(KEY)).verify_token(secret("v"));
    assert_eq!(
        ask(
            feishu,
            signed(bodies::OTHER_TOKEN, "8866427c39ce057ab148fe337604408282c587f48a514608b45ed6d1f65b820b")
        )
        .await,
        Found::Handled
    );
}

#[rustfmt::skip]
const ECHO: &str = "msg_signature=58172f73ad418b1741cdef209e88c1dca4dace63&timestamp=1760000000&nonce=263014780&echostr=3SgEtqWUOHlx5ZQbgXRz8rkie%2BEVBOMgHA5xlCh%2BYCB%2Fpq%2BkWLqU%2BTNj24mz6IWa9JdlwGkJX%2Bln1CzWBjHV6w%3D%3D";

/// The query of a captured message, with the message as the text to echo.
#[rustfmt::skip]
const CAPTURED: &str = "msg_signature=041d963f723e8b7ace7049d4d0d6cca32edbb890&timestamp=1760000000&nonce=1372623149&echostr=S1Y9rh%2BvemedRPc39H4%2BcDl7n0EAhCoFiqc6rHRtL9kTocNvMHxzuWmcwTcwGnkXR5r1UV8sLaIHRGvzTgFI1peNjEr1v9ptiM7flt3qklP%2FHeS4TAJ7n26cVpmQwlgqyKToO78KgmNHCvVpmiOnkaFuP%2BMX48MO8j5PG5Z12EWllpUdYmljPF2XHXeWcJt0Mst4N%2FSBfBMigeIVQz0zG9RdGKUZJSWCnU275ekHb9XRNDZ5aLCb30iBQHFpyBBGzV2GgymBSGYk%2Bul4ItBz6eghs1XL5VO3FKi7HF0lDF0Cwf%2FVZHUk4JkDVnaN3onZWVNZcTcFcczUCR6ZDDV%2FchrgJQXDK1c9lf0h8igYqOB21n5gezIZQiYXnyu0ELtPwabliwTPLgsjwD79GxEoTmXQawwEVS%2BVgeyLlPrG%2F43FoBGsZyMMb4riMNkNjUUmTB155nqaADTxd37jkuHX0w%3D%3D";

#[tokio::test]
async fn wecom_gets_its_decrypted_text_and_an_attacker_no_decrypted_message() {
    let keys = || [secret("QDG6eK"), secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")];
    assert_eq!(ask(layer("wecom", keys()), get(ECHO)).await, text("1616140317555161061"));
    let other = [secret("QDG6eL"), secret("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")];
    for (keys, query) in [
        (keys(), CAPTURED),
        (other, ECHO),
        (keys(), &*ECHO.replace("nonce=2", "nonce=3")),
        (keys(), &*ECHO.replace("msg_signature=5", "msg_signature=6")),
    ] {
        assert_eq!(ask(layer("wecom", keys), get(query)).await, MISSING, "{query}");
    }
}
