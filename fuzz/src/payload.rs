//! Notifyer's message payload: decoding never panics, and a decoded message survives a round trip.

use tower_webhook::payload::notifyer::{IncomingMessage, Notification};

use super::judge::bounded;

pub(crate) fn run(input: &[u8]) {
    let read = bounded(input.len(), || serde_json::from_slice::<IncomingMessage>(input));
    // `Notification` must decode a message as the same `IncomingMessage`.
    let either = bounded(input.len(), || serde_json::from_slice::<Notification>(input));
    if let (Ok(message), Ok(Notification::IncomingMessage(same))) = (&read, &either) {
        assert_eq!(message, &**same);
    }
    let Ok(message) = read else { return };
    assert!(!message.phone_number.is_empty(), "phone number is empty");
    let _ = (message.is_incoming(), message.has_label("vip"), message.media_url());
    let written = serde_json::to_string(&message).expect("message cannot be serialized");
    let again: IncomingMessage =
        serde_json::from_str(&written).expect("serialized message cannot be decoded");
    assert_eq!(again, message);
}
