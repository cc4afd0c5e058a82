//! Sample payloads of providers that sign values in the body, from their documentation.

use data_encoding::BASE64;
use serde_json::{Value, json};

/// Returns a JSON payload with an id and a time in seconds, or null for a provider without a sample.
pub(super) fn json(provider: &str, id: &str, now: u64) -> Value {
    match provider {
        "ms-graph" => json!({"value": [{
            "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", "changeType": "created",
            "resource": format!("me/messages/{id}"),
        }]}),
        "dropbox-sign" => json!({
            "event": {"event_type": "signature_request_sent", "event_time": now.to_string()},
            "signature_request": {"title": format!("hello {id}")},
        }),
        "ecwid" => json!({
            "eventId": id, "eventCreated": now, "storeId": 1003, "entityId": 103878161, "eventType": "order.created",
        }),
        "midtrans" => json!({
            "transaction_status": "settlement", "transaction_id": id, "status_code": "200", "order_id": format!("order-{id}"),
            "gross_amount": "10000.00", "currency": "IDR", "fraud_status": "accept", "payment_type": "bank_transfer",
        }),
        "toast" => json!({
            "timestamp": "2026-01-15T10:30:00.000+0000", "eventCategory": "stock", "eventType": "in_stock", "guid": id,
        }),
        _ if provider.starts_with("vonage-params") => json!({
            "messageId": id, "msisdn": "15550100", "to": "15550101", "text": "hello", "type": "text",
        }),
        _ => Value::Null,
    }
}

/// Returns the form fields of a provider that sends forms.
pub(super) fn form(provider: &str, id: &str) -> Vec<(String, String)> {
    match provider {
        "braintree" => {
            let notification =
                format!("<notification><kind>check</kind><subject>{id}</subject></notification>");
            vec![("bt_payload".to_owned(), BASE64.encode(notification.as_bytes()))]
        }
        _ => Vec::new(),
    }
}
