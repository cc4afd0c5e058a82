//! Support for tonic: the wrapped service keeps its name, by which tonic's router finds it.

use tonic::server::NamedService;

use crate::WebhookService;

impl<S: NamedService> NamedService for WebhookService<S> {
    const NAME: &'static str = S::NAME;
}
