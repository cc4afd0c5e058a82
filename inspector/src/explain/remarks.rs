//! Remarks on accepted deliveries that are unusual, and whose handler may fail because of that.

use axum::http::Method;
use tower_webhook::Delivery;

use super::{Explained, Seen, words};

/// Returns what is unusual in a verified delivery.
pub(super) fn on(seen: &Seen<'_>) -> Vec<String> {
    let Some(delivery) = seen.delivery else { return Vec::new() };
    let method = &seen.arrival.request.method;
    let is_post = method == Method::POST.as_str();
    [
        (!is_post).then(|| format!("The method is `{method}`. Deliveries are usually sent with `POST`.")),
        form(delivery),
        undecoded(seen, delivery),
        delivery.payload().starts_with(b"\xef\xbb\xbf").then(|| {
            "The payload begins with a byte order mark, which JSON must not have. Many parsers reject it."
                .to_owned()
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn form(delivery: &Delivery) -> Option<String> {
    let remark = "The body is a form, and its JSON is in the parameter `payload`. \
                  To get the JSON itself, choose the content type `application/json` at the provider.";
    delivery.payload().starts_with(b"payload=").then(|| remark.to_owned())
}

fn undecoded(seen: &Seen<'_>, delivery: &Delivery) -> Option<String> {
    let (_, coding) = seen.arrival.headers.iter().find(|(name, _)| name == "content-encoding")?;
    let is_encoded = delivery.payload() == delivery.raw() && !coding.eq_ignore_ascii_case("identity");
    let coding = words::bounded(coding, 40);
    is_encoded.then(|| {
        format!("The `content-encoding` is `{coding}`, and the payload was not decoded: it has the bytes as received.")
    })
}

impl Explained {
    /// Adds a remark if the body of a duplicate differs from that of the first delivery with its key.
    pub(crate) fn compared_with(mut self, first: Option<&Self>) -> Self {
        if let Some(first) = first
            && self.summary.outcome == "duplicate"
            && let (Ok(body), Ok(before)) = (&self.received, &first.received)
            && body.body != before.body
        {
            self.remarks.push(format!(
                "The body differs from that of #{}, the first delivery with this key. It was not passed on.",
                first.summary.number
            ));
        }
        self
    }
}
