use http::StatusCode;

use crate::program::{Endpoint, Program, is_duplicate};

#[tokio::test]
async fn prometheus_gets_the_outcomes_of_deliveries() {
    let program = Program::start("metrics", &["127.0.0.1:0", "127.0.0.1:0"], &[]);
    let metrics = program.says("metrics on http://");
    let metrics = Endpoint::new(metrics.rsplit('/').next().unwrap().parse().unwrap());
    let webhook = program.endpoint();

    assert_eq!(webhook.deliver("msg_1", "{}").await.status(), StatusCode::NO_CONTENT);
    assert!(is_duplicate(&webhook.deliver("msg_1", "{}").await));
    let unsigned = webhook.post("/webhook", r#"{"card":"4111 1111"}"#).await;
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);

    let text = metrics.get("/metrics").await;
    let lines: Vec<_> = text.lines().collect();
    for line in [
        "# TYPE webhook_deliveries_total counter",
        "# HELP webhook_deliveries_total Requests by outcome",
        r#"webhook_deliveries_total{provider="standard-webhooks",outcome="accepted"} 1"#,
        r#"webhook_deliveries_total{provider="standard-webhooks",outcome="duplicate"} 1"#,
        r#"webhook_deliveries_total{provider="standard-webhooks",outcome="rejected"} 1"#,
        r#"webhook_rejections_total{provider="standard-webhooks",kind="missing_signature"} 1"#,
        r#"webhook_rejections_total{provider="standard-webhooks",kind="wrong_signature"} 0"#,
        r#"webhook_handlers_total{provider="standard-webhooks",end="completed"} 1"#,
        r#"webhook_settlements_total{provider="standard-webhooks",settlement="completed"} 1"#,
        r#"webhook_deliveries_in_flight{provider="standard-webhooks"} 0"#,
        "# TYPE webhook_handler_duration_seconds histogram",
        r#"webhook_handler_duration_seconds_count{provider="standard-webhooks"} 1"#,
        r#"webhook_store_duration_seconds_count{provider="standard-webhooks",operation="claim"} 2"#,
        r#"webhook_body_bytes_sum{provider="standard-webhooks"} 4"#,
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{text}");
    }
    for secret in ["whsec_", "4111", "msg_1", "v1,"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}
