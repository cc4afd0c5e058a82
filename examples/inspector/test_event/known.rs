//! Sample payloads of some providers, from their documentation.

use data_encoding::BASE64;
use serde_json::{Value, json};

/// Returns a JSON payload with an id and a time in seconds, or null for a provider without a sample.
pub(super) fn json(provider: &str, id: &str, now: u64) -> Value {
    match provider {
        "standard-webhooks" => json!({"type": "greeting", "data": {"text": "hello"}}),
        "github" | "github-sha1" => json!({"zen": "Keep it logically awesome.", "hook_id": 1}),
        "stripe" => json!({
            "id": format!("evt_{id}"), "object": "event", "type": "payment_intent.succeeded", "created": now, "livemode": false,
            "data": {"object": {"object": "payment_intent", "amount": 2000, "currency": "eur"}},
        }),
        "slack" => json!({
            "type": "event_callback", "event_id": format!("Ev{id}"), "event_time": now, "team_id": "T061EG9R6",
            "event": {"type": "app_mention", "user": "U061F7AUR", "text": "hello"},
        }),
        "meta" => json!({"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": [{
            "field": "messages",
            "value": {"messaging_product": "whatsapp", "messages": [{
                "id": format!("wamid.{id}"), "from": "15550100", "timestamp": now.to_string(),
                "type": "text", "text": {"body": "hello"},
            }]},
        }]}]}),
        "notifyer" => json!({
            "phone_number": "15550100", "message_type": "text", "user_last_message_time": now,
            "last_message_of_user": format!("hello {id}"),
        }),
        "ms-graph" => json!({"value": [{
            "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", "changeType": "created",
            "resource": format!("me/messages/{id}"),
        }]}),
        "adyen-standard" => json!({"live": "false", "notificationItems": [{"NotificationRequestItem": {
            "pspReference": id, "eventCode": "AUTHORISATION", "eventDate": "2026-01-01T01:02:01+02:00",
            "merchantAccountCode": "TestMerchant", "merchantReference": "order-1", "success": "true",
            "amount": {"currency": "EUR", "value": 1000}, "additionalData": {},
        }}]}),
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
