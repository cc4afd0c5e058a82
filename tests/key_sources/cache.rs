//! The cache in front of all fetches, tested with AWS SNS.

use std::task::Poll;

use super::{
    aws_sns::{SUBSCRIBE, Sns, TOPIC, cert_url, confirmation, notification, sns},
    *,
};

#[tokio::test]
async fn concurrent_requests_share_one_fetch_of_a_key() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    let service = sns(&web);
    let waiting: Vec<_> = (0..20)
        .map(|id| {
            let (service, message) = (service.clone(), by.notification(&id.to_string(), &url));
            tokio::spawn(async move { send(&service, message).await })
        })
        .collect();
    while web.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    // Cancel the first request, which may be the one that started the fetch.
    waiting[0].abort();
    web.gate.add_permits(1);
    for (id, waiting) in waiting.into_iter().enumerate().skip(1) {
        assert_eq!(waiting.await.unwrap(), Ok(format!("Notification {id}")));
    }
    assert_eq!(send(&service, by.notification("later", &url)).await, Ok("Notification later".to_owned()));
    assert_eq!(web.asked(), [url]);
}

#[tokio::test]
async fn a_fetch_that_fails_is_a_503_and_is_not_remembered() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(true));
    let service = sns(&web);
    let pages = [
        Err("the host is down"),
        Err("panic"),
        Ok(Bytes::from("<html>")),
        Ok(Bytes::from(vec![b' '; 64 * 1024 + 1])),
    ];
    for page in pages {
        web.set(&url, page);
        assert_eq!(send(&service, by.notification("1", &url)).await, UNAVAILABLE);
    }
    web.set(&url, Ok(by.page()));
    assert_eq!(send(&service, by.notification("1", &url)).await, Ok("Notification 1".to_owned()));
    assert_eq!(web.asked().len(), 5);
}

#[tokio::test]
async fn a_fetched_page_has_at_most_64_kib() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(true));
    let service = sns(&web);
    let key = BASE64.encode(&by.page());
    let page = format!("-----BEGIN CERTIFICATE-----\n{key}\n-----END CERTIFICATE-----\n");
    for (length, answer) in [(64 * 1024 + 1, UNAVAILABLE), (64 * 1024, Ok("Notification 1".to_owned()))] {
        let blanks = " ".repeat(length - page.len());
        web.set(&url, Ok(Bytes::from(format!("{page}{blanks}"))));
        assert_eq!(send(&service, by.notification("1", &url)).await, answer);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_times_out() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    let service = sns(&web);
    assert_eq!(send(&service, by.notification("1", &url)).await, UNAVAILABLE);
    tokio::time::advance(SECOND).await;
    web.gate.add_permits(1);
    assert_eq!(send(&service, by.notification("1", &url)).await, Ok("Notification 1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_refreshed_in_the_background_after_a_day() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    web.gate.add_permits(1);
    let service = sns(&web);
    let accepted = async |id: &str| {
        assert_eq!(send(&service, by.notification(id, &url)).await, Ok(format!("Notification {id}")));
        settle().await;
        web.asked().len()
    };
    assert_eq!(accepted("1").await, 1);
    tokio::time::advance(DAY - SECOND).await;
    assert_eq!(accepted("2").await, 1);
    tokio::time::advance(SECOND).await;
    // There is one refresh, and no request waits for it.
    assert_eq!(accepted("3").await, 2);
    assert_eq!(accepted("4").await, 2);
    web.gate.add_permits(1);
    settle().await;
    tokio::time::advance(DAY - SECOND).await;
    assert_eq!(accepted("5").await, 2);
    tokio::time::advance(SECOND).await;
    assert_eq!(accepted("6").await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_used_for_72_hours_while_its_refresh_fails() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    assert!(send(&service, by.notification("first", &url)).await.is_ok());
    let failures = [Err("the host is down"), Err("panic"), Ok(Bytes::from("<html>"))];
    for hour in 1..72 {
        web.set(&url, failures[hour % 3].clone());
        tokio::time::advance(HOUR).await;
        assert!(send(&service, by.notification(&format!("hour {hour}"), &url)).await.is_ok(), "{hour}");
        settle().await;
        assert_eq!(web.asked().len(), 1 + hour.saturating_sub(23), "{hour}");
    }
    tokio::time::advance(HOUR).await;
    assert_eq!(send(&service, by.notification("late", &url)).await, UNAVAILABLE);
    web.set(&url, Ok(by.page()));
    assert!(send(&service, by.notification("late", &url)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn failed_refreshes_are_five_minutes_apart_despite_forgeries() {
    let (by, url, forger) = (Sns::new(), cert_url(1), Sns::new());
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    assert!(send(&service, by.notification("first", &url)).await.is_ok());
    web.set(&url, Err("the host is down"));
    tokio::time::advance(DAY).await;
    for second in (0..600).step_by(10) {
        let forged = forger.notification("forged", &url);
        assert_eq!(send(&service, forged).await, Err(RejectionKind::WrongSignature));
        settle().await;
        assert_eq!(web.asked().len(), if second < 300 { 2 } else { 3 }, "{second}");
        tokio::time::advance(10 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_certificate_is_not_used_after_its_last_day() {
    const LAST_DAY_OF_2049: u32 = 2_524_521_600;
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let clock = Arc::new(ManualClock::at_unix(LAST_DAY_OF_2049));
    let verifier = provider::aws_sns([TOPIC], "tests", Arc::clone(&web));
    let (service, _) = service_with(WebhookLayer::with_verifier(verifier).clock(Arc::clone(&clock)));
    let at = |time: &str| {
        let mut message = notification(time, &url);
        message["Timestamp"] = time.into();
        by.sign(message)
    };
    assert!(send(&service, at("2049-12-31T00:00:00Z")).await.is_ok());
    web.set(&url, Err("the host is down"));
    for (time, judged) in [
        ("2049-12-31T23:59:00Z", Ok("Notification 2049-12-31T23:59:00Z".to_owned())),
        ("2050-01-01T23:58:00Z", Err(RejectionKind::WrongSignature)),
    ] {
        let day = DAY - MINUTE;
        clock.advance(day);
        tokio::time::advance(day).await;
        assert_eq!(send(&service, at(time)).await, judged);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_with_another_key_replaces_the_old_one() {
    let (old, new, url) = (Sns::new(), Sns::new(), cert_url(1));
    let web = Web::with(&url, old.page());
    let service = sns(&web);
    assert!(send(&service, old.notification("1", &url)).await.is_ok());
    web.set(&url, Ok(new.page()));
    tokio::time::advance(DAY).await;
    assert!(send(&service, old.notification("2", &url)).await.is_ok());
    settle().await;
    assert_eq!(send(&service, old.notification("3", &url)).await, Err(RejectionKind::WrongSignature));
    assert!(send(&service, new.notification("4", &url)).await.is_ok());
    // The new key is cached.
    tokio::time::advance(2 * MINUTE).await;
    assert!(send(&service, new.notification("5", &url)).await.is_ok());
    assert_eq!(web.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn fetches_of_made_up_urls_are_limited() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    assert!(send(&service, by.notification("first", &url)).await.is_ok());
    tokio::time::advance(3 * DAY).await;
    for name in 2..100 {
        assert_eq!(send(&service, by.notification("1", &cert_url(name))).await, UNAVAILABLE);
    }
    assert_eq!(web.asked().len(), 1 + 16);
    // A cached key has its own budget. The budget for new keys is renewed after a minute.
    assert!(send(&service, by.notification("second", &url)).await.is_ok());
    tokio::time::advance(MINUTE).await;
    assert_eq!(send(&service, by.notification("1", &cert_url(100))).await, UNAVAILABLE);
    assert_eq!(web.asked().len(), 1 + 16 + 2);
}

#[tokio::test(start_paused = true)]
async fn forgeries_that_name_a_retired_key_do_not_prevent_the_refresh_of_others() {
    let (by, forger, web) = (Sns::new(), Sns::new(), Web::new(true));
    let (retired, current) = (cert_url(1), cert_url(2));
    let service = sns(&web);
    for url in [&retired, &current] {
        web.set(url, Ok(by.page()));
        assert!(send(&service, by.notification(url, url)).await.is_ok());
    }
    web.set(&retired, Err("404"));
    tokio::time::advance(3 * DAY).await;
    for minute in 1..=3 {
        for _ in 0..40 {
            assert_eq!(send(&service, forger.notification("forged", &retired)).await, UNAVAILABLE);
        }
        assert_eq!(web.asked().iter().filter(|asked| **asked == retired).count(), 1 + 4 * minute);
        assert!(send(&service, by.notification(&format!("true {minute}"), &current)).await.is_ok());
        tokio::time::advance(MINUTE).await;
    }
    assert_eq!(web.asked().iter().filter(|asked| **asked == current).count(), 2);
    // A retired key that can be fetched again is used again.
    web.set(&retired, Ok(by.page()));
    assert!(send(&service, by.notification("back", &retired)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn forgeries_with_other_genuine_keys_do_not_evict_a_key_that_has_verified_a_delivery() {
    let (by, forger, web) = (Sns::new(), Sns::new(), Web::new(true));
    let service = sns(&web);
    for name in 0..400 {
        web.set(&cert_url(name), Ok(by.page()));
    }
    let url = cert_url(0);
    assert!(send(&service, by.notification("first", &url)).await.is_ok());
    let mut names = 1..400;
    for minute in 0..20 {
        tokio::time::advance(MINUTE).await;
        for name in names.by_ref().take(16) {
            let forged = forger.notification("forged", &cert_url(name));
            assert_eq!(send(&service, forged).await, Err(RejectionKind::WrongSignature), "{name}");
        }
        // The budget for new keys is spent.
        assert_eq!(send(&service, forger.notification("forged", &cert_url(399))).await, UNAVAILABLE);
        assert!(send(&service, by.notification(&format!("true {minute}"), &url)).await.is_ok());
    }
    assert_eq!(web.asked().iter().filter(|asked| **asked == url).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn forgeries_that_name_the_genuine_key_cost_one_fetch_a_minute() {
    let (by, forger, url) = (Sns::new(), Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    for fetches in 1..=3 {
        for _ in 0..40 {
            let forged = forger.notification("forged", &url);
            assert_eq!(send(&service, forged).await, Err(RejectionKind::WrongSignature));
        }
        assert_eq!(web.asked().len(), fetches);
        tokio::time::advance(MINUTE).await;
    }
    // Once a key has verified a delivery, the key is not fetched again for a day.
    assert!(send(&service, by.notification("true", &url)).await.is_ok());
    tokio::time::advance(DAY - SECOND).await;
    assert!(send(&service, by.notification("later", &url)).await.is_ok());
    assert_eq!(web.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_least_recently_successful_of_more_than_64_keys_is_evicted() {
    let (by, forger, web) = (Sns::new(), Sns::new(), Web::new(true));
    let service = sns(&web);
    let send = |id: String, name| send(&service, by.notification(&id, &cert_url(name)));
    for name in 0..64 {
        web.set(&cert_url(name), Ok(by.page()));
        assert!(send(format!("{name}"), name).await.is_ok());
        // The budget is renewed each minute.
        tokio::time::advance(MINUTE).await;
    }
    assert!(send("success".to_owned(), 0).await.is_ok());
    let forged = forger.notification("forged", &cert_url(1));
    assert_eq!(super::send(&service, forged).await, Err(RejectionKind::WrongSignature));
    web.set(&cert_url(64), Ok(by.page()));
    assert!(send("65th".to_owned(), 64).await.is_ok());
    assert_eq!(web.asked().len(), 65);
    for (name, fetches) in [(0, 65), (2, 65), (64, 65), (1, 66)] {
        assert!(send(format!("again {name}"), name).await.is_ok());
        assert_eq!(web.asked().len(), fetches, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_confirmations_do_not_use_up_the_budget_for_keys() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    web.set(SUBSCRIBE, Ok(Bytes::new()));
    let verifier = provider::aws_sns([TOPIC], "tests", Arc::clone(&web)).confirm_subscriptions();
    let (service, _) = service(verifier, IN_2012);
    assert!(send(&service, by.notification("1", &url)).await.is_ok());
    tokio::time::advance(3 * DAY - SECOND).await;
    let confirmation = confirmation(&by, &url, SUBSCRIBE);
    for _ in 0..16 {
        assert_eq!(send(&service, &confirmation).await, Ok(String::new()));
    }
    assert_eq!(send(&service, &confirmation).await, UNAVAILABLE);
    assert_eq!(web.asked().iter().filter(|asked| **asked == SUBSCRIBE).count(), 16);
    // The confirmations have started a refresh of the key, so the cached key is not 72 hours old.
    tokio::time::advance(SECOND).await;
    assert!(send(&service, by.notification("2", &url)).await.is_ok());
    assert_eq!(web.asked().iter().filter(|asked| **asked == url).count(), 2);
}

#[test]
fn a_fetch_whose_runtime_ends_does_not_block_others() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    let service = sns(&web);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    first.block_on(async {
        let (service, message) = (service.clone(), by.notification("1", &url));
        let _sent = tokio::spawn(async move { send(&service, message).await });
        while web.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    // A request on another runtime waits for the same fetch.
    let mut waiting = Box::pin(send(&service, by.notification("2", &url)));
    second.block_on(std::future::poll_fn(|cx| {
        assert!(waiting.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }));
    drop(first);
    assert_eq!(second.block_on(waiting), UNAVAILABLE);
    web.gate.add_permits(1);
    assert_eq!(second.block_on(send(&service, by.notification("3", &url))), Ok("Notification 3".to_owned()));
    assert_eq!(web.asked().len(), 2);
}

#[test]
fn a_fetch_on_an_idle_runtime_blocks_its_key_for_10_seconds() {
    let (by, other, url, web) = (Sns::new(), Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    let service = sns(&web);
    let runtime = |paused| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(paused).build().unwrap()
    };
    let idle = runtime(false);
    let (first, message) = (service.clone(), by.notification("1", &url));
    let sent = idle.spawn(async move { send(&first, message).await });
    idle.block_on(async {
        while web.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    let driven = runtime(true);
    driven.block_on(async {
        assert_eq!(send(&service, by.notification("2", &url)).await, UNAVAILABLE);
        assert_eq!(web.asked().len(), 1);
        // The first permit goes to the first fetch.
        web.gate.add_permits(2);
        assert_eq!(send(&service, by.notification("3", &url)).await, Ok("Notification 3".to_owned()));
        assert_eq!(web.asked().len(), 2);
    });
    // The first fetch finally ends with another key, which does not replace the cached one.
    web.set(&url, Ok(other.page()));
    assert_eq!(idle.block_on(sent).unwrap(), Err(RejectionKind::WrongSignature));
    driven.block_on(async {
        assert_eq!(send(&service, by.notification("4", &url)).await, Ok("Notification 4".to_owned()));
        assert_eq!(web.asked().len(), 2);
    });
}
