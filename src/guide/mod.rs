//! The guide: how to receive webhooks with this crate, from the first line to production.
//!
//! | you want to | chapter |
//! |---|---|
//! | receive your first delivery | [start] |
//! | find your provider | [providers] |
//! | choose a constructor, or describe another provider | [custom_providers] |
//! | handle each event type separately, or only some types | [events] |
//! | choose a deduplication store | [stores] |
//! | integrate the layer with your framework | [hosts] |
//! | know which guarantees the layer makes | [promises] |
//! | know the response to each request, and how providers react to it | [answers] |
//! | run behind a proxy or a load balancer | [proxies] |
//! | rotate a signing secret | [rotation] |
//! | serve many tenants | [tenants] |
//! | test your handler | [testing] |
//! | go to production | [production] |
//! | know what an attacker can do | [threats] |
//! | find out why a request is rejected, or why code does not compile | [troubleshooting] |
//! | migrate from a handwritten handler or another crate | [migrating] |
//!
//! For a short introduction, see the [crate's front page](crate). Complete programs are in the
//! [examples](https://docs.rs/crate/tower-webhook/latest/source/examples/).

pub mod start {
    #![doc = include_str!("start.md")]
}

pub mod providers {
    #![doc = include_str!("providers.md")]
}

pub mod custom_providers {
    #![doc = include_str!("custom_providers.md")]
}

pub mod events {
    #![doc = include_str!("events.md")]
}

pub mod stores {
    #![doc = include_str!("stores.md")]
}

pub mod hosts {
    // Its programs are compiled by `tests/frameworks/`, which has the frameworks.
    #![cfg_attr(not(doctest), doc = include_str!("hosts.md"))]
}

pub mod promises {
    #![doc = include_str!("promises.md")]
}

pub mod answers {
    #![doc = include_str!("answers.md")]
}

pub mod proxies {
    #![doc = include_str!("proxies.md")]
}

pub mod rotation {
    #![doc = include_str!("rotation.md")]
}

pub mod tenants {
    #![doc = include_str!("tenants.md")]
}

pub mod testing {
    #![doc = include_str!("testing.md")]
}

pub mod production {
    #![doc = include_str!("production.md")]
}

pub mod threats {
    #![doc = include_str!("threats.md")]
}

pub mod troubleshooting {
    #![doc = include_str!("troubleshooting.md")]
}

pub mod migrating {
    #![doc = include_str!("migrating.md")]
}
