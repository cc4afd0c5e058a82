//! The payload of Notifyer's messages: whatever is sent is read or refused, and what was read can be
//! written and read again.

use tower_webhook::payload::notifyer::{IncomingMessage, Notification};

use super::judge::bounded;

pub(crate) fn run(input: &[u8]) {
    let read = bounded(input.len(), || serde_json::from_slice::<IncomingMessage>(input));
    // What is of either kind is of the one that it says.
    let either = bounded(input.len(), || serde_json::from_slice::<Notification>(input));
    if let (Ok(message), Ok(Notification::IncomingMessage(same))) = (&read, &either) {
        assert_eq!(message, &**same);
    }
    let Ok(message) = read else { return };
    assert!(!message.phone_number.is_empty(), "a message of nobody");
    let _ = (message.is_incoming(), message.has_label("vip"), message.media_url());
    let written = serde_json::to_string(&message).expect("a message can be written");
    let again: IncomingMessage = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(again, message);
}
