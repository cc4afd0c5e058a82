//~ E0277
//~ error: `SystemTime` is not a clock
//~ use `SystemClock` or, in tests, `ManualClock`; or implement `tower_webhook::Clock`
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let _ = WebhookLayer::new(secret).clock(std::time::SystemTime::now());
}
