//! A MAC of the body alone, in a header: shops and money.

use std::time::Duration;

use super::facts::providers;
use crate::verify::{
    Algorithm::HmacSha512,
    Encoding::{Base64, Hex},
    Scheme,
};

providers! {
    /// WooCommerce.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-WC-Webhook-Signature`. Secret: UTF-8.
    /// * Id: none. `X-WC-Webhook-Delivery-ID` is of the webhook and the second, and so the same for two
    ///   deliveries within one
    ///   ([source](https://github.com/woocommerce/woocommerce/blob/HEAD/plugins/woocommerce/includes/class-wc-webhook.php)).
    /// * Event type: `header:X-WC-Webhook-Topic`, **not signed**.
    /// * The ping at its creation (`webhook_id=…`) is not signed, and is refused.
    woocommerce, try_woocommerce: "woocommerce", "WooCommerce",
        "https://github.com/woocommerce/woocommerce-rest-api-docs/blob/HEAD/source/includes/wp-api-v3/_webhooks.md",
        Scheme::hmac_sha256("x-wc-webhook-signature", Base64)
            .event_type("header:x-wc-webhook-topic");

    /// Checkout.com.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Cko-Signature`. Secret: UTF-8 signature key.
    /// * Id: `body:/id`, signed.
    checkout, try_checkout: "checkout", "Checkout.com",
        "https://checkout.com/docs/workflows/set-up-your-webhook-receiver",
        Scheme::hmac_sha256("cko-signature", Hex)
            .id("body:/id")
            .event_type("body:/type");

    /// FastSpring.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-FS-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole; it is a batch of events.
    fastspring, try_fastspring: "fastspring", "FastSpring",
        "https://developer.fastspring.com/docs/message-security",
        Scheme::hmac_sha256("x-fs-signature", Base64);

    /// Lemon Squeezy.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    lemonsqueezy, try_lemonsqueezy: "lemonsqueezy", "Lemon Squeezy",
        "https://github.com/lmsqueezy/nextjs-billing/blob/HEAD/src/app/api/webhook/route.ts",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/meta/event_name");

    /// Intuit QuickBooks.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `intuit-signature`. Secret: UTF-8 verifier token.
    /// * Id: none that names the delivery as a whole.
    intuit, try_intuit: "intuit", "Intuit QuickBooks",
        "https://github.com/IntuitDeveloper/SampleApp-Webhooks-nodejs/blob/HEAD/util/util.js",
        Scheme::hmac_sha256("intuit-signature", Base64);

    /// AfterShip (tracking).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `aftership-hmac-sha256`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    aftership, try_aftership: "aftership", "AfterShip (tracking)",
        "https://www.aftership.com/docs/tracking/webhook/webhook-signature",
        Scheme::hmac_sha256("aftership-hmac-sha256", Base64);

    /// Coinify.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `x-coinify-webhook-signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed ([source](https://coinify.readme.io/docs/webhook-structure)).
    coinify, try_coinify: "coinify", "Coinify",
        "https://coinify.readme.io/docs/webhook-signature",
        Scheme::hmac_sha256("x-coinify-webhook-signature", Hex)
            .id("body:/id")
            .event_type("body:/event");

    /// Flinks.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Webhook-Signature`, in capitals. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    flinks, try_flinks: "flinks", "Flinks",
        "https://docs.flinks.com/guides/pay/geft/webhooks/client-setup",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .prefix("sha256=");

    /// Fourthwall.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Fourthwall-Hmac-SHA256`, or for a platform app in
    ///   `X-Fourthwall-Hmac-Apps-SHA256`. Secret: UTF-8.
    /// * Id: `body:/id`, signed ([source](https://docs.fourthwall.com/webhooks/webhook-model)).
    /// * An answer within 2 s, and retries otherwise ([source](https://docs.fourthwall.com/response-retry-policies)).
    fourthwall, try_fourthwall: "fourthwall", "Fourthwall",
        "https://docs.fourthwall.com/webhooks/signature-verification",
        Scheme::hmac_sha256("x-fourthwall-hmac-sha256", Base64)
            .signature_in(["x-fourthwall-hmac-sha256", "x-fourthwall-hmac-apps-sha256"])
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(2)),
        retries: Some(true);

    /// Sendcloud.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Sendcloud-Signature`. Secret: UTF-8, the integration's
    ///   secret key or webhook signature key.
    /// * Id: none that names the delivery as a whole.
    sendcloud, try_sendcloud: "sendcloud", "Sendcloud",
        "https://sendcloud.dev/api/v2/webhooks",
        Scheme::hmac_sha256("sendcloud-signature", Hex);

    /// Paystack.
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `x-paystack-signature`. Secret: UTF-8, the API's secret
    ///   key.
    /// * Id: none that names the delivery as a whole.
    paystack, try_paystack: "paystack", "Paystack",
        "https://github.com/PaystackHQ/plugin-whmcs/blob/HEAD/modules/gateways/callback/paystack.php",
        Scheme::new(HmacSha512, "x-paystack-signature", Hex)
            .event_type("body:/event");
}
