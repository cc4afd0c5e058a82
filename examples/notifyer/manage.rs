//! The commands that manage endpoints. Messages go to standard error, data to standard output.

use tower_webhook::BoxError;

use crate::api::{Api, Endpoint};

pub(crate) async fn register(api: &Api, url: &str, outgoing: bool) -> Result<(), BoxError> {
    if !url.starts_with("https://") {
        return Err(format!("{url} is not https, which the provider requires").into());
    }
    let registered = api.register(url, outgoing).await?;
    let id = registered.id;
    let secret = registered.signature_secret.filter(|secret| !secret.is_empty()).ok_or_else(|| {
        format!("endpoint {id} was created without a signing secret, so its deliveries cannot be verified: `delete {id}`")
    })?;
    eprintln!("endpoint {id} is registered and enabled. Its signing secret, which is shown only once:");
    println!("{secret}");
    Ok(())
}

pub(crate) async fn list(api: &Api) -> Result<(), BoxError> {
    for Endpoint { id, webhooks, status, incoming, outgoing, active_signature, .. } in api.list().await? {
        let status = if status { "enabled" } else { "disabled" };
        let events = match (incoming, outgoing) {
            (true, true) => "incoming+outgoing",
            (true, false) => "incoming",
            (false, true) => "outgoing",
            (false, false) => "nothing",
        };
        let signed = if active_signature { "signed" } else { "unsigned" };
        println!("{id}\t{status}\t{events}\t{signed}\t{webhooks}");
    }
    Ok(())
}

/// Enables or disables an endpoint.
pub(crate) async fn switch(api: &Api, id: u64, on: bool) -> Result<(), BoxError> {
    // The API replaces the whole endpoint, so this overwrites a concurrent change.
    let mut endpoint = api.find(id).await?;
    endpoint.status = on;
    api.write(&endpoint).await?;
    eprintln!("endpoint {id} is {}", if on { "enabled" } else { "disabled" });
    Ok(())
}

pub(crate) async fn delete(api: &Api, id: u64) -> Result<(), BoxError> {
    let endpoint = api.find(id).await?;
    api.delete(&endpoint).await?;
    eprintln!("endpoint {id}, {}, is deleted", endpoint.webhooks);
    Ok(())
}
