//! The guide: how to receive webhooks with this crate, from the first line to production.
//!
//! | you want to | chapter |
//! |---|---|
//! | receive your first delivery | [start] |
//! | find your provider | [providers] |
//! | choose a constructor, or describe another provider | [custom_providers] |
//! | handle each event type by itself, or only some | [events] |
//! | choose where deliveries are remembered | [stores] |
//! | put the layer into your framework | [hosts] |
//! | know what is promised, and what is not | [promises] |
//! | know what is answered, and what the provider then does | [answers] |
//! | run behind a proxy or a load balancer | [proxies] |
//! | change a signing secret | [rotation] |
//! | serve many tenants | [tenants] |
//! | test your handler | [testing] |
//! | go to production | [production] |
//! | know what an attacker can do | [threats] |
//! | find out why something is refused, or does not compile | [troubleshooting] |
//! | move over from a handler of your own or another crate | [migrating] |
//!
//! The [crate's front page](crate) is the short version of all this. Programs to copy are in the
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
