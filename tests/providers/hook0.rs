//! Hook0.

use crate::support::*;

#[tokio::test]
async fn only_version_1_covers_the_headers() {
    let (v0, v1) = (
        hex(b"s", format!("{NOW}.{{}}")),
        hex(b"s", format!("{NOW}.x-event-id x-event-type.1.user.created.{{}}")),
    );
    let hook0 = async |provider: &str, signature: &str, id: &str, kind: &str| {
        let headers = [("x-hook0-signature", signature), ("x-event-id", id), ("x-event-type", kind)];
        judge_post(provider, "s", &headers, "{}").await
    };
    let both = format!("t={NOW},v0={v0},h=x-event-id x-event-type,v1={v1}");
    let without_v1 = format!("t={NOW},v0={v0}");
    for provider in ["hook0", "hook0-v1"] {
        assert_eq!(hook0(provider, &both, "1", "user.created").await, Ok(()));
        assert_eq!(hook0(provider, &both, "2", "user.created").await, Err(Kind::WrongSignature));
        let moved = hook0(provider, &both, "1.user", "created").await;
        assert_eq!(moved, Err(Kind::MalformedSignature), "{provider}");
    }
    assert_eq!(hook0("hook0", &without_v1, "2", "user.deleted").await, Ok(()), "as documented");
    let downgraded = hook0("hook0-v1", &without_v1, "2", "user.deleted").await;
    assert_eq!(downgraded, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_signature_of_version_1_is_not_accepted_as_one_of_version_0() {
    // If Hook0's v1 were accepted as v0, the names and values of the headers would become part of the body.
    let v1 = hex(b"s", format!("{NOW}.x-a.1.{{}}"));
    let hook0 = async |signature: &str, body: &str| {
        judge_post("hook0", "s", &[("x-hook0-signature", signature), ("x-a", "1")], body).await
    };
    assert_eq!(hook0(&format!("t={NOW},h=x-a,v1={v1}"), "{}").await, Ok(()));
    assert_eq!(hook0(&format!("t={NOW},v0={v1}"), "x-a.1.{}").await, Err(Kind::MalformedSignature));
    for (body, judged) in [("", Ok(())), ("a text", Ok(())), ("a.text", Err(Kind::MalformedSignature))] {
        let v0 = hex(b"s", format!("{NOW}.{body}"));
        assert_eq!(hook0(&format!("t={NOW},v0={v0}"), body).await, judged, "{body}");
    }
}
