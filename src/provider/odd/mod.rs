//! Providers with a shared secret whose way of signing no scheme describes; one file each, but for
//! those that turned out to be [schemes] after all.

mod adyen;
mod braintree;
mod check;
mod contentful;
mod dropbox_sign;
mod escape;
mod mailgun;
mod mercadopago;
mod messagebird;
mod plivo;
mod schemes;
mod sinch;
mod text;
mod twilio;
mod vonage;

pub use self::{
    adyen::*, braintree::*, contentful::*, dropbox_sign::*, mailgun::*, mercadopago::*, messagebird::*,
    plivo::*, schemes::*, sinch::*, twilio::*, vonage::*,
};
use super::facts::Provider;

/// The providers of each file.
pub(super) static ALL: [&[&Provider]; 12] = [
    twilio::ALL,
    vonage::ALL,
    plivo::ALL,
    adyen::ALL,
    mailgun::ALL,
    dropbox_sign::ALL,
    braintree::ALL,
    mercadopago::ALL,
    contentful::ALL,
    sinch::ALL,
    messagebird::ALL,
    schemes::ALL,
];
