//~ E0277
//~ error: `ItemClaim` is not a claim
//~ `complete_in` takes a `&Delivery`, or for an item of a batch the `&ClaimHandle` from `ItemClaim::handle`
use sqlx::{Postgres, Transaction};
use tower_webhook::{
    ItemClaim,
    store::{CompleteError, PostgresStore},
};

async fn complete(
    store: &PostgresStore,
    transaction: &mut Transaction<'_, Postgres>,
    claim: &ItemClaim,
) -> Result<(), CompleteError> {
    store.complete_in(transaction, claim).await?;
    Ok(())
}

fn main() {}
