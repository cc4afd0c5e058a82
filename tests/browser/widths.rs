//! The page on screens of five widths, in light and dark, with screenshots.

use super::*;

/// Widths and heights of screens, and whether they are touchscreens.
const SCREENS: [(u32, u32, bool); 5] =
    [(320, 568, true), (390, 844, true), (768, 1024, true), (1280, 800, false), (1440, 900, false)];

const SCHEMES: [&str; 2] = ["light", "dark"];

/// Event types of the usual lengths; the page shows them uncut.
const TYPES: [&str; 4] = [
    "ping",
    "payment_intent.succeeded",
    "customer.subscription.trial_will_end",
    "checkout.session.async_payment_succeeded",
];

/// Asserts what holds for each view: nothing is wider than the screen, the endpoint can be read and copied, and targets
/// are large enough for fingers on touchscreens.
fn assert_fits(browser: &Browser, view: &str, is_touchscreen: bool) {
    let found = browser.run(
        "const wide = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) > innerWidth;
         const open = document.querySelector('dialog[open]');
         // The parts of the bar that must be visible at each width.
         const hidden = ['#provider', '#endpoint', '#copy-endpoint'].filter((selector) => {
             const element = document.querySelector(selector);
             const { left, right, top, bottom, width } = element.getBoundingClientRect();
             const isWhole = element.scrollWidth <= Math.ceil(width) + 1;
             const isInside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
             return !(element.checkVisibility() && isWhole && isInside);
         });
         // Words in a sentence are exempt.
         const kinds = 'button, a[href], summary, select, textarea, input, label.scenario, .row';
         const targets = (open ?? document.body).querySelectorAll(kinds);
         const small = [...targets].filter((target) => {
             const { width, height } = target.getBoundingClientRect();
             const isWithin = target.closest('label') && target.matches('input');
             return target.checkVisibility() && !isWithin && Math.min(width, height) < 39.5;
         });
         const texts = [...document.querySelectorAll('.row .title, .chart figcaption, .heading h2')];
         const cut = texts.filter((text) => text.scrollWidth > text.clientWidth).map((text) => text.textContent);
         return { wide, hidden, small: small.map((target) => target.outerHTML.slice(0, 100)), cut };",
    );
    assert_eq!(found["wide"], false, "{view}");
    assert_eq!(found["hidden"], json!([]), "{view}");
    assert_eq!(found["cut"], json!([]), "{view}");
    if is_touchscreen {
        assert_eq!(found["small"], json!([]), "{view}");
    }
}

/// Returns which of these elements are visible.
fn visible(browser: &Browser, selectors: &[&str]) -> Value {
    browser.run_with(
        "return arguments[0].filter((selector) => document.querySelector(selector)?.checkVisibility())",
        json!([selectors]),
    )
}

#[test]
fn the_empty_page_shows_how_to_get_a_first_delivery() {
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    for (width, height, is_touchscreen) in SCREENS {
        browser.resize(width, height, is_touchscreen);
        for scheme in SCHEMES {
            browser.prefer(scheme);
            let view = format!("empty-{width}-{scheme}");
            browser.screenshot(&view);
            assert_fits(browser, &view, is_touchscreen);
            let parts = [
                "#empty .welcome ol .primary",
                "#empty .copied code",
                "#chart",
                "#filters",
                "#list",
                "#detail",
            ];
            assert_eq!(visible(browser, &parts), json!(&parts[..2]), "{view}");
        }
    }
    page.send_as("valid", "ping");
    page.wait_for_rows(1);
    let parts = ["#chart", "#filters", "#list", "#empty"];
    assert_eq!(visible(browser, &parts), json!(&parts[..3]));
    page.close();
}

#[test]
fn each_view_fits_each_screen() {
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    for event_type in TYPES {
        page.send_as("valid", event_type);
    }
    for scenario in
        ["at_once", "handler_fails", "handler_panics", "stale", "too_large", "wrong_secret", "changed_body"]
    {
        page.send_as(scenario, TYPES[1]);
    }
    browser.wait("return document.querySelector('.row .finding')?.textContent.includes('body changed')");
    browser.wait(
        "return document.querySelectorAll('.row').length === 12 && !document.querySelector('.row.running')",
    );
    let address = page.address();
    for (width, height, is_touchscreen) in SCREENS {
        browser.resize(width, height, is_touchscreen);
        for scheme in SCHEMES {
            browser.prefer(scheme);
            let check = |view: &str| {
                let view = format!("{view}-{width}-{scheme}");
                browser.screenshot(&view);
                assert_fits(browser, &view, is_touchscreen);
            };
            for (hash, view) in [("", "list"), ("#/3", "handled"), ("#/12", "found"), ("#/99", "unknown")] {
                browser.open("about:blank");
                browser.open(&format!("{address}{hash}"));
                page.wait_for_rows(12);
                if !hash.is_empty() {
                    browser.wait("return Boolean(document.querySelector('.delivery'))");
                    browser.run("document.querySelectorAll('details').forEach((more) => (more.open = true))");
                }
                check(view);
                let expected = match (width, hash) {
                    (..=760, "") => json!(["#list"]),
                    (..=760, _) => json!(["#detail"]),
                    _ => json!(["#list", "#detail"]),
                };
                assert_eq!(visible(browser, &["#list", "#detail"]), expected, "{view}-{width}");
            }
            browser.run("document.querySelector('#send-button').click()");
            browser.wait("return document.querySelector('#payload').value !== ''");
            check("send");
            browser
                .run("document.querySelector('#send').close(); document.querySelector('#help').showModal()");
            check("help");
            browser.run("document.querySelector('#help').close()");
        }
    }
    let console = browser.console();
    // The browser reports the links to the unknown delivery.
    assert!(console.iter().all(|message| message.contains("/page/requests/99 ")), "{console:?}");
}

#[test]
fn the_scheme_is_that_of_the_system_until_it_is_changed() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    let ground = || {
        let colours = browser.run(
            "const style = getComputedStyle(document.documentElement); return [style.color, style.backgroundColor]",
        );
        [0, 1].map(|index| brightness(colours[index].as_str().unwrap()))
    };
    let is_light = |[text, ground]: [u32; 2]| text < 80 && ground > 200;
    let is_dark = |[text, ground]: [u32; 2]| text > 200 && ground < 80;
    assert!(is_light(ground()), "{:?}", ground());
    browser.prefer("dark");
    assert!(is_dark(ground()), "{:?}", ground());
    // The button overrides the system's color scheme, also after a reload.
    browser.click("#theme");
    assert!(is_light(ground()), "{:?}", ground());
    browser.open(&page.address());
    browser.wait("return document.querySelector('#live').dataset.state === 'live'");
    assert!(is_light(ground()), "{:?}", ground());
    page.close();
}

/// Returns the brightness of a color, from 0 to 255.
fn brightness(colour: &str) -> u32 {
    let numbers: Vec<u32> =
        colour.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    numbers[..3].iter().sum::<u32>() / 3
}
