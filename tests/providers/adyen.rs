//! Adyen, and other providers that sign fields of a JSON body.

use crate::support::*;

fn item(reference: &str, more: &str) -> String {
    event("CAPTURE", reference, more)
}

fn event(event: &str, reference: &str, more: &str) -> String {
    let signed = format!("{reference}::Merchant:order:1000:EUR:{event}:true");
    let signature = base64(&[0xab; 32], signed);
    format!(
        r#"{{"NotificationRequestItem":{{"pspReference":"{reference}","merchantAccountCode":"Merchant",
        "merchantReference":"order","amount":{{"value":1000,"currency":"EUR"}},"eventCode":"{event}",
        "success":"true","additionalData":{{"hmacSignature":"{signature}"}}{more}}}}}"#
    )
}

fn body_of(items: &[String]) -> String {
    format!(r#"{{"live":"false","notificationItems":[{}]}}"#, items.join(","))
}

#[tokio::test]
async fn an_item_must_be_signed_and_provides_the_id() {
    let layer = layer_with("adyen-standard", "ab".repeat(32).parse().unwrap());
    let request = |items: &[String]| post_to(URL, &[], &body_of(items));
    let sent = async |items: &[String]| judge(&layer, request(items)).await;
    let signed = item("P2", r#","reason":"anything""#);
    let seen = accepts(&layer, request(std::slice::from_ref(&signed))).await;
    assert_eq!((seen.id(), seen.event_type()), (Some("CAPTURE:P2:true:Merchant"), Some("CAPTURE")));
    // Several reports have the same file name, so it is not an id.
    let report = event("REPORT_AVAILABLE", "report.csv", "");
    assert_eq!(accepts(&layer, request(&[report])).await.id(), None);
    assert_eq!(sent(&[signed.replace("P2", "P3")]).await, Err(Kind::WrongSignature));
    assert_eq!(sent(&[signed.replace("hmacS", "s")]).await, Err(Kind::MissingSignature));
    assert_eq!(sent(&[]).await, Err(Kind::MissingSignature));
    // With two references, the handler might read the one that is not signed.
    assert_eq!(sent(&[item("P1", r#","pspReference":"P9""#)]).await, Err(Kind::MalformedSignature));
    let both = body_of(&[signed]).replace(r#""live""#, r#""notificationItems":[],"live""#);
    assert_eq!(judge(&layer, post_to(URL, &[], &both)).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn captured_items_cannot_be_repeated_or_combined() {
    let layer = layer_with("adyen-standard", "ab".repeat(32).parse().unwrap());
    let [a, b, report] = [item("A", ""), item("B", ""), event("REPORT_AVAILABLE", "report.csv", "")];
    for items in [vec![&a, &a], vec![&a, &b], vec![&b, &a], vec![&a, &b, &a], vec![&a, &report], vec![&a; 33]]
    {
        let items: Vec<_> = items.into_iter().cloned().collect();
        assert_eq!(judge(&layer, post_to(URL, &[], &body_of(&items))).await, Err(Kind::MalformedSignature));
    }
}

#[tokio::test]
async fn the_fields_can_be_split_in_only_one_way() {
    let layer = layer_with("adyen-standard", "ab".repeat(32).parse().unwrap());
    // The merchant's reference contains a colon.
    let text = "P1::Shop:order:9:1999:EUR:CAPTURE:true";
    let signature = base64(&[0xab; 32], text);
    let item = |[reference, original, account, merchant, value, currency]: [&str; 6]| {
        serde_json::json!({"pspReference": reference, "originalReference": original, "merchantAccountCode": account,
            "merchantReference": merchant, "amount": {"value": value, "currency": currency},
            "eventCode": "CAPTURE", "success": "true", "additionalData": {"hmacSignature": signature}})
        .to_string()
    };
    let request = |fields| post_to(URL, &[], &item(fields));
    let seen = accepts(&layer, request(["P1", "", "Shop", "order:9", "1999", "EUR"])).await;
    assert_eq!(seen.id(), Some("CAPTURE:P1:true:Shop"));
    for fields in [
        ["P1", "", "Shop", "order", "9", "1999:EUR"],
        ["P1", "", "Shop", "order", "9:1999", "EUR"],
        ["P1:", "Shop", "order", "9", "1999", "EUR"],
        ["P1", ":Shop", "order", "9", "1999", "EUR"],
        ["P1", "", "Shop:order", "9", "1999", "EUR"],
    ] {
        assert_eq!(judge(&layer, request(fields)).await, Err(Kind::MalformedSignature), "{fields:?}");
    }
}

/// Replaces the object at `pointer` with an array of its values, in the order of `fields`.
fn with_array(body: &str, pointer: &str, fields: &[&str]) -> String {
    let mut body: serde_json::Value = serde_json::from_str(body).unwrap();
    let object = body.pointer_mut(pointer).unwrap();
    *object = fields.iter().map(|field| object[*field].take()).collect();
    body.to_string()
}

#[tokio::test]
async fn signed_fields_are_not_read_from_arrays() {
    const ITEM: [&str; 8] = [
        "pspReference",
        "originalReference",
        "merchantAccountCode",
        "merchantReference",
        "amount",
        "eventCode",
        "success",
        "additionalData",
    ];
    const WRAPPED: &str = "/notificationItems/0/NotificationRequestItem";
    let adyen = body_of(&[item("P1", "")]);
    let bare =
        serde_json::from_str::<serde_json::Value>(&adyen).unwrap().pointer(WRAPPED).unwrap().to_string();
    let mailgun = format!(
        r#"{{"signature":{{"timestamp":"1700000000","token":"ab","signature":"{}"}},"event-data":{{}}}}"#,
        hex(b"secret", "1700000000ab"),
    );
    let sign = format!(
        r#"{{"event":{{"event_time":"1700000000","event_type":"sent","event_hash":"{}"}}}}"#,
        hex(b"secret", "1700000000sent"),
    );
    let graph = r#"{"value":[{"clientState":"secret"}]}"#;
    let places: [(&str, &str, &str, &[&str]); 12] = [
        ("adyen-standard", &adyen, "", &["notificationItems"]),
        ("adyen-standard", &adyen, "/notificationItems/0", &["NotificationRequestItem"]),
        ("adyen-standard", &adyen, WRAPPED, &ITEM),
        ("adyen-standard", &adyen, &format!("{WRAPPED}/amount"), &["value", "currency"]),
        ("adyen-standard", &adyen, &format!("{WRAPPED}/additionalData"), &["hmacSignature"]),
        ("adyen-standard", &bare, "", &ITEM),
        ("mailgun", &mailgun, "", &["signature"]),
        ("mailgun", &mailgun, "/signature", &["timestamp", "token", "signature"]),
        ("dropbox-sign", &sign, "/event", &["event_time", "event_type", "event_hash"]),
        ("dropbox-sign", &sign, "", &["event"]),
        ("ms-graph", graph, "", &["value"]),
        ("ms-graph", graph, "/value/0", &["clientState"]),
    ];
    for (id, body, pointer, fields) in places {
        let secret = if id.starts_with("adyen") { "ab".repeat(32) } else { "secret".to_owned() };
        let layer = layer_with(id, secret.parse().unwrap());
        assert!(judge(&layer, post_to(URL, &[], body)).await.is_ok(), "{id}");
        let array = with_array(body, pointer, fields);
        // Dropbox Sign also sends the JSON in a form's field.
        let form = form([("json", &array)]);
        for body in [&array, &form] {
            assert!(judge(&layer, post_to(URL, &[], body)).await.is_err(), "{id} {body}");
        }
    }
}
