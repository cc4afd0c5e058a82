use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for BTCPay Server.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `btcpay-sig`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/originalDeliveryId`, signed. `deliveryId` is different for each attempt.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 62 minutes, unless automatic redelivery is disabled for the webhook.
    btcpay: "btcpay", "BTCPay Server",
        "https://github.com/btcpayserver/btcpayserver/blob/HEAD/BTCPayServer/Plugins/Webhooks/WebhookSender.cs",
        Scheme::hmac_sha256("btcpay-sig", Hex)
            .prefix("sha256=")
            .id("body:/originalDeliveryId")
            .event_type("body:/type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(62 * 60));
}
