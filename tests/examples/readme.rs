//! The request in the README.

use axum::{Router, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::{net::TcpListener, process::Command};
use tower_webhook::{Secret, WebhookLayer};

#[tokio::test]
async fn the_request_in_the_readme_is_accepted() {
    let secret = "whsec_YSBzZWNyZXQgb2YgdGhlIHJlY2VpdmVy";
    let layer = WebhookLayer::try_new(secret.parse::<Secret>().unwrap()).unwrap().json::<Value>();
    let app = Router::new().route("/webhook", post(async || StatusCode::NO_CONTENT).layer(layer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async { axum::serve(listener, app).await });

    let readme = include_str!("../../README.md");
    let mut blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let send = blocks.find(|block| block.contains("openssl")).unwrap();
    assert!(readme.contains(&format!("`WEBHOOK_SECRET={secret} cargo run`")));
    let send = send.replace("127.0.0.1:8080", &address);
    let output = Command::new("sh").args(["-euc", &send]).output().await.unwrap();
    let (answer, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}{errors}");
    // Check the README's statements about another body and about a second request.
    let other = send.replace("-d \"$body\"", "-d '{\"number\":18}'");
    assert_ne!(other, send);
    for (send, status) in [(other, "HTTP/1.1 401"), (send, "HTTP/1.1 200")] {
        let output = Command::new("sh").args(["-euc", &send]).output().await.unwrap();
        assert!(output.stdout.starts_with(status.as_bytes()), "{output:?}");
    }
    server.abort();
}
