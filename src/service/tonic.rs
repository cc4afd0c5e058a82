//! For tonic: a service behind the layer keeps its name, so that tonic's router finds it.

use tonic::server::NamedService;

use crate::WebhookService;

impl<S: NamedService> NamedService for WebhookService<S> {
    const NAME: &'static str = S::NAME;
}
