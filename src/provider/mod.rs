//! The built-in providers, each with a constructor.
//!
//! A constructor takes one secret as the provider displays it, or several during a secret rotation. It
//! returns a `Result` if some texts are not valid secrets, for example because the secret must be base64, hex
//! or PEM. A few constructors have other parameters, because their verifiers
//! [fetch keys](Provider::fetches_keys). [The guide](crate::guide::providers) lists all providers. In code,
//! [`all`] returns all of them, and [`find`] returns one by its id.
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, provider};
//!
//! let secret: Secret = "It's a Secret to Everybody".parse()?;
//! let layer = WebhookLayer::with_verifier(provider::github(secret));
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```
//!
//! The constructors' documentation writes locations (`header:x-event-key`, `field:t`) and signed content
//! (`{ts}.{body}`) as in a [`Scheme`](crate::verify::Scheme). A signature covers only the content that the
//! constructor documents as signed. For most providers it does not cover the method, the URL or the headers,
//! so an event type or account name in a header is not signed.
//! [Threats](crate::guide::threats#other-unsigned-content) lists what an attacker can change.
//!
//! For other providers, build a [`Scheme`](crate::verify::Scheme) or implement a
//! [`Verifier`](crate::verify::Verifier): see [custom
//! providers](crate::guide::custom_providers).

mod aliases;
mod alternatives;
mod by_hand;
mod definition;
mod encryption;
mod evidence;
#[cfg(feature = "asymmetric")]
mod fetched;
mod handshake;
mod macros;
mod shapes;
mod verifier;
#[cfg(feature = "asymmetric")]
mod x5c;

// The vendors, in alphabetical order.
mod ably;
mod acuity;
#[cfg(feature = "asymmetric")]
mod adobe_io;
mod adyen;
mod affirm;
mod aftership;
mod agora;
mod aiprise;
mod aircall;
mod airship;
mod airtable;
mod airwallex;
mod akeneo;
mod alchemy;
#[cfg(feature = "asymmetric")]
mod alipay;
mod anthropic;
#[cfg(feature = "asymmetric")]
mod apple_app_store;
mod argyle;
mod asana;
mod ashby;
mod attentive;
mod attio;
mod auth0;
mod authorize_net;
mod autodesk;
mod autosend;
#[cfg(feature = "asymmetric")]
mod aws_sns;
mod azure_eventgrid;
#[cfg(feature = "jwt")]
mod azure_eventgrid_entra;
mod bamboohr;
mod basic_auth;
mod bigcommerce;
mod bill;
mod bitbucket;
mod bland;
mod blockfrost;
mod boldsign;
mod bolt;
#[cfg(feature = "jwt")]
mod bot_framework;
mod box_events;
mod braintree;
mod bridge_api;
mod btcpay;
mod buildkite;
mod bunny_stream;
mod calcom;
mod calendly;
mod cashfree;
mod castle;
mod chatwoot;
mod checkly;
mod checkout;
mod checkr;
#[cfg(feature = "asymmetric")]
mod circle;
mod circleci;
mod clickup;
mod clio;
mod close;
mod cloudevents;
mod cloudflare;
mod cloudinary;
mod cloudprinter;
mod clover;
mod coinbase;
mod coinify;
mod commercelayer;
mod contentful;
mod convoy;
mod courier;
mod crisp;
mod cronofy;
mod cursor;
mod customerio;
mod daily;
mod deel;
mod deepgram;
mod deliveroo;
mod dingtalk;
#[cfg(feature = "asymmetric")]
mod discord;
mod discourse;
mod docusign;
mod doppler;
mod dropbox;
mod dropbox_sign;
mod dub;
mod dwolla;
mod dynamic;
#[cfg(feature = "unicode")]
mod easypost;
#[cfg(feature = "asymmetric")]
mod ebay;
mod ecwid;
mod elevenlabs;
mod emailit;
mod enode;
mod expo;
#[cfg(feature = "asymmetric")]
mod fal;
mod fastspring;
#[cfg(feature = "encrypted")]
mod feishu;
mod finch;
mod fintoc;
#[cfg(feature = "asymmetric")]
mod fireblocks;
#[cfg(feature = "asymmetric")]
mod fireblocks_jwks;
mod firecrawl;
mod fireflies;
mod flagsmith;
mod flexport;
mod flinks;
mod flutterwave;
mod flux;
mod fourthwall;
mod frameio;
mod front;
#[cfg(feature = "jwt")]
mod fusionauth;
mod getpylon;
mod getstream;
mod ghost;
mod gitea;
mod github;
#[cfg(feature = "asymmetric")]
mod github_secret_scanning;
mod gitlab;
mod gocardless;
mod gogs;
mod google_channel;
#[cfg(feature = "jwt")]
mod google_chat;
#[cfg(feature = "jwt")]
mod google_cloud_tasks;
#[cfg(feature = "jwt")]
mod google_pubsub;
mod grafana;
mod greenhouse;
mod gusto;
mod hackerone;
mod helpscout;
mod heroku;
mod hibob;
mod hook0;
mod hookdeck;
mod hub_list;
mod hubspot;
mod huggingface;
mod hygraph;
mod inngest;
mod intercom;
mod intuit;
mod iron;
mod jira;
mod klarna;
mod klaviyo;
mod knock;
mod kontent_ai;
mod kustomer;
mod launchdarkly;
mod lemonsqueezy;
mod line;
mod linear;
mod linkedin;
mod lithic;
#[cfg(feature = "jwt")]
mod livekit;
mod lob;
mod logto;
mod mailerlite;
mod mailersend;
mod mailgun;
mod mandrill;
mod maxio;
mod meraki;
mod mercadopago;
mod mercury;
mod merge;
mod messagebird;
mod meta;
mod method;
mod midtrans;
mod modern_treasury;
mod mollie;
#[cfg(feature = "jwt")]
mod monday;
mod monei;
mod mongodb_atlas;
mod monnify;
mod moonpay;
mod motive;
mod ms_graph;
mod mux;
mod nango;
#[cfg(feature = "jwt")]
mod netlify;
mod nmi;
mod notifyer;
mod notion;
mod nowpayments;
mod npm;
mod nuvemshop;
mod nylas;
mod okta;
mod onfido;
mod onfleet;
mod openai;
mod orb;
mod ordergroove;
mod oura;
mod outpost;
mod paddle;
mod pagerduty;
mod pandadoc;
mod patreon;
mod paymongo;
#[cfg(feature = "asymmetric")]
mod paypal;
mod paystack;
mod persona;
mod picqer;
mod pinwheel;
#[cfg(feature = "jwt")]
mod plaid;
mod planetscale;
mod plivo;
mod polar;
mod port;
#[cfg(feature = "asymmetric")]
mod postal;
mod printify;
mod prismic;
mod pusher;
mod pylon;
mod qonto;
mod quicknode;
mod razorpay;
mod readme;
mod recharge;
mod recurly;
mod replicate;
mod retell;
mod revenuecat;
mod revolut;
mod rewardful;
mod ringcentral;
mod rootly;
mod rutter;
#[cfg(feature = "jwt")]
mod saleor;
mod salesforce_marketing_cloud;
mod samsara;
mod sanity;
mod savvycal;
mod scalr;
mod scrapfly;
mod segment;
mod sendbird;
mod sendcloud;
#[cfg(feature = "asymmetric")]
mod sendgrid;
mod sentry;
mod shiphero;
mod shippo;
mod shopee;
mod shopify;
mod shoplazza;
mod shopline;
mod shortcut;
mod sinch;
mod slack;
mod smartcar;
mod smartsheet;
mod smile_api;
mod snyk;
mod sonarqube;
mod sonatype;
mod square;
mod squarespace;
mod standard_webhooks;
mod statsig;
mod storyblok;
mod strike;
mod stripe;
mod sumsub;
mod supabase;
mod surge;
mod surveymonkey;
mod svix;
mod synctera;
mod tailscale;
mod tally;
mod teams;
mod tebex;
mod telegram;
#[cfg(feature = "asymmetric")]
mod telnyx;
mod terra;
mod terraform;
mod thinkific;
mod tiktok;
mod tiktok_shop;
mod toast;
mod todoist;
mod toggl;
#[cfg(feature = "asymmetric")]
mod tokenio;
mod trello;
mod twenty;
mod twilio;
mod twitch;
mod twitter;
mod typeform;
mod uber;
mod unit;
mod uploadcare;
#[cfg(feature = "jwt")]
mod upstash;
mod vapi;
mod vercel;
mod veriff;
mod viber;
mod vonage;
mod walmart;
mod webex;
mod webflow;
mod websub;
mod wechat_official_account;
#[cfg(feature = "encrypted")]
mod wechat_pay;
#[cfg(feature = "encrypted")]
mod wecom;
mod whereby;
mod whoop;
#[cfg(feature = "asymmetric")]
mod wise;
mod wistia;
#[cfg(feature = "jwt")]
mod wix;
mod woocommerce;
mod workos;
mod worldline;
mod worldpay;
mod xero;
mod zendesk;
mod zerohash;
mod zitadel;
mod zoho_payments;
mod zoom;

use self::{
    definition::{Facts, Make},
    macros::{constructor, fallible, make, providers},
};
pub use self::{
    definition::{Provider, SecretFormat},
    evidence::Evidence,
    verifier::ProviderVerifier,
};

/// Re-exports the constructors of each vendor's module, and lists the module's providers.
macro_rules! vendors {
    ($($(#[cfg($gate:meta)])? $vendor:ident,)+) => {
        $(
            $(#[cfg($gate)] #[cfg_attr(docsrs, doc(cfg($gate)))])?
            pub use self::$vendor::*;
        )+

        static VENDORS: &[&[&Provider]] = &[$($(#[cfg($gate)])? $vendor::ALL,)+];
    };
}

vendors! {
    ably, acuity, #[cfg(feature = "asymmetric")] adobe_io, adyen, affirm, aftership, agora, aiprise,
    aircall, airship, airtable, airwallex, akeneo, alchemy, #[cfg(feature = "asymmetric")] alipay,
    anthropic, #[cfg(feature = "asymmetric")] apple_app_store, argyle, asana, ashby, attentive,
    attio, auth0, authorize_net, autodesk, autosend, #[cfg(feature = "asymmetric")] aws_sns,
    azure_eventgrid, #[cfg(feature = "jwt")] azure_eventgrid_entra, bamboohr, basic_auth,
    bigcommerce, bill, bitbucket, bland, blockfrost, boldsign, bolt,
    #[cfg(feature = "jwt")] bot_framework, box_events, braintree, bridge_api, btcpay, buildkite,
    bunny_stream, calcom, calendly, cashfree, castle, chatwoot, checkly, checkout, checkr,
    #[cfg(feature = "asymmetric")] circle, circleci, clickup, clio, close, cloudevents, cloudflare,
    cloudinary, cloudprinter, clover, coinbase, coinify, commercelayer, contentful, convoy, courier,
    crisp, cronofy, cursor, customerio, daily, deel, deepgram, deliveroo, dingtalk,
    #[cfg(feature = "asymmetric")] discord, discourse, docusign, doppler, dropbox, dropbox_sign,
    dub, dwolla, dynamic, #[cfg(feature = "unicode")] easypost, #[cfg(feature = "asymmetric")] ebay,
    ecwid, elevenlabs, emailit, enode, expo, #[cfg(feature = "asymmetric")] fal, fastspring,
    #[cfg(feature = "encrypted")] feishu, finch, fintoc, #[cfg(feature = "asymmetric")] fireblocks,
    #[cfg(feature = "asymmetric")] fireblocks_jwks, firecrawl, fireflies, flagsmith, flexport,
    flinks, flutterwave, flux, fourthwall, frameio, front, #[cfg(feature = "jwt")] fusionauth,
    getpylon, getstream, ghost, gitea, github,
    #[cfg(feature = "asymmetric")] github_secret_scanning, gitlab, gocardless, gogs, google_channel,
    #[cfg(feature = "jwt")] google_chat, #[cfg(feature = "jwt")] google_cloud_tasks,
    #[cfg(feature = "jwt")] google_pubsub, grafana, greenhouse, gusto, hackerone, helpscout, heroku,
    hibob, hook0, hookdeck, hub_list, hubspot, huggingface, hygraph, inngest, intercom, intuit,
    iron, jira, klarna, klaviyo, knock, kontent_ai, kustomer, launchdarkly, lemonsqueezy, line,
    linear, linkedin, lithic, #[cfg(feature = "jwt")] livekit, lob, logto, mailerlite, mailersend,
    mailgun, mandrill, maxio, meraki, mercadopago, mercury, merge, messagebird, meta, method,
    midtrans, modern_treasury, mollie, #[cfg(feature = "jwt")] monday, monei, mongodb_atlas,
    monnify, moonpay, motive, ms_graph, mux, nango, #[cfg(feature = "jwt")] netlify, nmi, notifyer,
    notion, nowpayments, npm, nuvemshop, nylas, okta, onfido, onfleet, openai, orb, ordergroove,
    oura, outpost, paddle, pagerduty, pandadoc, patreon, paymongo,
    #[cfg(feature = "asymmetric")] paypal, paystack, persona, picqer, pinwheel,
    #[cfg(feature = "jwt")] plaid, planetscale, plivo, polar, port,
    #[cfg(feature = "asymmetric")] postal, printify, prismic, pusher, pylon, qonto, quicknode,
    razorpay, readme, recharge, recurly, replicate, retell, revenuecat, revolut, rewardful,
    ringcentral, rootly, rutter, #[cfg(feature = "jwt")] saleor, salesforce_marketing_cloud,
    samsara, sanity, savvycal, scalr, scrapfly, segment, sendbird, sendcloud,
    #[cfg(feature = "asymmetric")] sendgrid, sentry, shiphero, shippo, shopee, shopify, shoplazza,
    shopline, shortcut, sinch, slack, smartcar, smartsheet, smile_api, snyk, sonarqube, sonatype,
    square, squarespace, standard_webhooks, statsig, storyblok, strike, stripe, sumsub, supabase, surge,
    surveymonkey, svix, synctera, tailscale, tally, teams, tebex, telegram,
    #[cfg(feature = "asymmetric")] telnyx, terra, terraform, thinkific, tiktok, tiktok_shop, toast,
    todoist, toggl, #[cfg(feature = "asymmetric")] tokenio, trello, twenty, twilio, twitch, twitter,
    typeform, uber, unit, uploadcare, #[cfg(feature = "jwt")] upstash, vapi, vercel, veriff, viber,
    vonage, walmart, webex, webflow, websub, wechat_official_account,
    #[cfg(feature = "encrypted")] wechat_pay, #[cfg(feature = "encrypted")] wecom, whereby, whoop,
    #[cfg(feature = "asymmetric")] wise, wistia, #[cfg(feature = "jwt")] wix, woocommerce, workos,
    worldline, worldpay, xero, zendesk, zerohash, zitadel, zoho_payments, zoom,
}

/// Returns all providers in alphabetical order of their vendors, followed by the
/// [aliases](Provider::alias_of).
///
/// Some providers, such as `aws_sns` and `google_pubsub`, [fetch keys](Provider::fetches_keys), so
/// [`Provider::verifier`] returns an error for them.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    VENDORS.iter().copied().flatten().chain(aliases::ALL).copied()
}

/// Returns the provider or alias with this id, such as `stripe` or `clerk`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}
