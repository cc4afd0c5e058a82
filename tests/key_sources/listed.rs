//! GitHub's secret scanning and Fireblocks, which publish a list of public keys at a fixed URL.

use super::*;

/// A provider that publishes a list of its keys.
#[derive(Clone, Copy)]
pub(super) struct Listed {
    vectors: &'static str,
    url: &'static str,
    new: fn(&Arc<Web>) -> Handler,
    /// Returns the request with a key id that is not in the list.
    made_up: fn(&Value, usize) -> Request<String>,
    /// What the handler sees of the first known answer.
    seen: &'static str,
}

pub(super) const GITHUB: Listed = Listed {
    vectors: include_str!("github_secret_scanning.json"),
    url: "https://api.github.com/meta/public_keys/secret_scanning",
    new: |web| service(provider::github_secret_scanning(Arc::clone(web)), IN_2012).0,
    made_up: |vector, number| {
        let mut request = request_of(vector);
        let key_id = format!("{number:064x}").parse().unwrap();
        request.headers_mut().insert("github-public-key-identifier", key_id);
        request
    },
    seen: "- -",
};

pub(super) const FIREBLOCKS: Listed = Listed {
    vectors: include_str!("fireblocks_jwks.json"),
    url: "https://keys.fireblocks.io/.well-known/jwks.json",
    new: |web| service(provider::fireblocks_jwks(Arc::clone(web)), IN_2012).0,
    made_up: |vector, number| {
        let mut request = request_of(vector);
        let signature = request.headers()["fireblocks-webhook-signature"].to_str().unwrap();
        let (_, signature) = signature.split_once("..").unwrap();
        let header = BASE64.encode(format!(r#"{{"alg":"RS512","kid":"made-up {number:06}"}}"#).as_bytes());
        let signature = format!("{}..{signature}", header.trim_end_matches('='));
        request.headers_mut().insert("fireblocks-webhook-signature", signature.parse().unwrap());
        request
    },
    seen: "transaction.created aa8f2d4e-0c55-4d5e-9f7e-2e6d3a6f1c12",
};

impl Listed {
    fn vectors(self) -> Vec<Value> {
        serde_json::from_str(self.vectors).unwrap()
    }

    /// Returns the first known answer, a web that serves its list, and a service that fetches from it.
    pub(super) fn valid(self) -> (Value, Arc<Web>, Handler) {
        let vector = self.vectors().swap_remove(0);
        let web = Web::of(&vector);
        let service = (self.new)(&web);
        (vector, web, service)
    }

    /// Asserts that a request is verified, whether or not it is a duplicate.
    async fn accepts(self, service: &Handler, vector: &Value) {
        let judged = send_request(service, request_of(vector)).await;
        assert!(judged.is_ok(), "{judged:?}");
    }
}

/// Removes the keys with these ids from a list.
fn without(page: &str, ids: &[&str]) -> String {
    let mut page: Value = serde_json::from_str(page).unwrap();
    let keys = if page["keys"].is_array() { "keys" } else { "public_keys" };
    page[keys].as_array_mut().unwrap().retain(|key| {
        let id = key["kid"].as_str().or(key["key_identifier"].as_str()).unwrap();
        !ids.contains(&id)
    });
    page.to_string()
}

#[tokio::test]
async fn the_known_answers_with_lists_of_keys_are_judged_correctly() {
    for provider in [GITHUB, FIREBLOCKS] {
        let (mut valid, vectors) = (0, provider.vectors());
        assert_eq!(vectors[0]["expect"], "valid");
        for vector in vectors {
            let (web, id) = (Web::of(&vector), &vector["id"]);
            let service = (provider.new)(&web);
            for attempt in 0..2 {
                let judged = send_request(&service, request_of(&vector)).await.map(drop);
                assert_eq!(judged, expected(&vector), "{id}, attempt {attempt}");
                let fetches = usize::from(needs_key(&vector));
                assert_eq!(web.asked(), vec![provider.url; fetches], "{id}, attempt {attempt}");
                valid += usize::from(judged.is_ok());
            }
        }
        assert!(valid >= 10);
    }
}

#[tokio::test]
async fn the_handler_sees_the_signed_id_and_event_type() {
    for provider in [GITHUB, FIREBLOCKS] {
        let (vector, _, service) = provider.valid();
        assert_eq!(send_request(&service, request_of(&vector)).await.as_deref(), Ok(provider.seen));
    }
}

#[tokio::test]
async fn a_page_without_a_usable_key_is_a_503() {
    for provider in [GITHUB, FIREBLOCKS] {
        let (vector, web, service) = provider.valid();
        let right = vector["pages"][provider.url].as_str().unwrap();
        let wrong = [
            String::new(),
            "{}".to_owned(),
            "[]".to_owned(),
            r#"{"keys":[],"public_keys":[]}"#.to_owned(),
            "[".repeat(60_000),
            right.replace("PUBLIC KEY", "SECRET KEY").replace("RS512", "RS256"),
            right.replace("\"RSA\"", "\"EC\"").replace("MFkw", "MFkx"),
            right[..right.len() - 1].to_owned(),
        ];
        for page in &wrong {
            assert_ne!(page, right);
            web.set(provider.url, Ok(page.clone().into()));
            assert_eq!(send_request(&service, request_of(&vector)).await, UNAVAILABLE, "{page:.90}");
        }
        web.set(provider.url, Ok(right.to_owned().into()));
        provider.accepts(&service, &vector).await;
        assert_eq!(web.asked(), vec![provider.url; wrong.len() + 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn made_up_key_ids_cost_one_fetch_a_minute_and_do_not_affect_the_keys_of_the_list() {
    for provider in [GITHUB, FIREBLOCKS] {
        let (vector, web, service) = provider.valid();
        // The attacker may come first: the list is cached although it has not verified a delivery.
        for minute in 0..4 {
            for number in 0..40 {
                let made_up = (provider.made_up)(&vector, 1000 * minute + number);
                assert_eq!(send_request(&service, made_up).await, UNAVAILABLE);
            }
            assert_eq!(web.asked().len(), 1 + minute);
            provider.accepts(&service, &vector).await;
            tokio::time::advance(MINUTE - SECOND).await;
            let made_up = (provider.made_up)(&vector, 1000 * minute + 100);
            assert_eq!(send_request(&service, made_up).await, UNAVAILABLE);
            assert_eq!(web.asked().len(), 1 + minute);
            tokio::time::advance(SECOND).await;
        }
        // If the list cannot be fetched, the limit is the same, and the cached list stays in use.
        web.set(provider.url, Err("the host is down"));
        for minute in 4..8 {
            for number in 0..40 {
                let made_up = (provider.made_up)(&vector, 1000 * minute + number);
                assert_eq!(send_request(&service, made_up).await, UNAVAILABLE);
                provider.accepts(&service, &vector).await;
            }
            assert_eq!(web.asked().len(), 1 + minute);
            tokio::time::advance(MINUTE).await;
        }
        assert!(web.asked().iter().all(|asked| asked == provider.url));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_of_the_list_is_used_after_a_minute_at_most() {
    for provider in [GITHUB, FIREBLOCKS] {
        let vectors = provider.vectors();
        let (old, new) = (&vectors[0], &vectors[1]);
        let both = old["pages"][provider.url].as_str().unwrap();
        let new_id =
            ["webhook-key-2025-02", "f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d"];
        let old_id =
            ["webhook-key-2025-01", "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c"];
        let web = Web::with(provider.url, without(both, &new_id));
        let service = (provider.new)(&web);
        provider.accepts(&service, old).await;
        assert_eq!(send_request(&service, request_of(new)).await, UNAVAILABLE);
        web.set(provider.url, Ok(both.to_owned().into()));
        tokio::time::advance(MINUTE).await;
        provider.accepts(&service, new).await;
        provider.accepts(&service, old).await;
        assert_eq!(web.asked().len(), 2);
        // A key that was removed from the list is rejected after an hour at most.
        web.set(provider.url, Ok(without(both, &old_id).into()));
        tokio::time::advance(HOUR - SECOND).await;
        provider.accepts(&service, old).await;
        settle().await;
        assert_eq!(web.asked().len(), 2);
        tokio::time::advance(SECOND).await;
        // This delivery starts the refresh, but does not wait for it.
        provider.accepts(&service, old).await;
        settle().await;
        assert_eq!(web.asked().len(), 3);
        assert_eq!(send_request(&service, request_of(old)).await, UNAVAILABLE);
        provider.accepts(&service, new).await;
        assert_eq!(web.asked().len(), 3);
    }
}

#[tokio::test]
async fn concurrent_deliveries_share_one_fetch_of_the_list() {
    for provider in [GITHUB, FIREBLOCKS] {
        let vector = provider.vectors().swap_remove(0);
        let web = Web::new(false);
        web.set(provider.url, Ok(vector["pages"][provider.url].as_str().unwrap().to_owned().into()));
        let service = (provider.new)(&web);
        let waiting: Vec<_> = (0..20)
            .map(|number| {
                let (service, vector) = (service.clone(), vector.clone());
                let request = match number % 2 {
                    0 => request_of(&vector),
                    _ => (provider.made_up)(&vector, number),
                };
                tokio::spawn(async move { send_request(&service, request).await })
            })
            .collect();
        while web.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        settle().await;
        web.gate.add_permits(1);
        for (number, waiting) in waiting.into_iter().enumerate() {
            let judged = waiting.await.unwrap();
            match number % 2 {
                0 => assert!(judged.is_ok() || judged == Err(RejectionKind::InProgress), "{judged:?}"),
                _ => assert_eq!(judged, UNAVAILABLE),
            }
        }
        assert_eq!(web.asked(), [provider.url]);
    }
}

#[tokio::test]
async fn the_environments_of_fireblocks_fetch_only_from_their_own_urls() {
    type Make = fn(Arc<Web>) -> Handler;
    let places: [(Make, &str); 3] = [
        (|web| service(provider::fireblocks_jwks(web).eu(), IN_2012).0, "eu-keys"),
        (|web| service(provider::fireblocks_jwks(web).eu2(), IN_2012).0, "eu2-keys"),
        (|web| service(provider::fireblocks_jwks(web).sandbox(), IN_2012).0, "sandbox-keys"),
    ];
    for (make, host) in places {
        let vector = &FIREBLOCKS.vectors()[0];
        let url = format!("https://{host}.fireblocks.io/.well-known/jwks.json");
        let web = Web::with(&url, vector["pages"][FIREBLOCKS.url].as_str().unwrap().to_owned());
        let service = make(Arc::clone(&web));
        assert_eq!(send_request(&service, request_of(vector)).await.as_deref(), Ok(FIREBLOCKS.seen));
        assert_eq!(web.asked(), [url]);
    }
}
