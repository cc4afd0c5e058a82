//! The generator of the tables and the picture in `benches/README.md`, and of the figures in the crate's
//! `README.md`. It reads `results/`.
//!
//! ```text
//! cargo run --release -- draw    # writes results.svg, and the marked sections of both files
//! ```

use std::{fmt::Write, fs, path::Path};

use peers::{contender::PEERS, results::Kept};

pub fn draw() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = Results::read();
    fs::write(package.join("results.svg"), picture(&results)).unwrap();
    replace(
        &package.join("../README.md"),
        &[("machine", results.machine()), ("performance", tables(&results)), ("peers", of_peers())],
    );
    replace(&package.join("../../README.md"), &[("performance", summary(&results))]);
}

/// Replaces the text between each pair of marks.
fn replace(path: &Path, parts: &[(&str, String)]) {
    let mut text = fs::read_to_string(path).unwrap();
    for (mark, part) in parts {
        let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
        let (before, rest) =
            text.split_once(&begin).unwrap_or_else(|| panic!("{begin} is missing in {path:?}"));
        let (_, after) = rest.split_once(&end).unwrap();
        text = format!("{before}{begin}{part}{end}{after}");
    }
    fs::write(path, text).unwrap();
}

/// Returns the paragraph for the crate's `README.md`.
fn summary(results: &Results) -> String {
    let ours = "tower-webhook";
    let large = results.of_floor([STANDARD[0], STANDARD[1], "1 MiB", "One", "Valid"], ours).unwrap();
    let of_by_hand = |contender: &str, by_hand: &str| {
        results.of_ours(IN_AXUM, contender).unwrap() / results.of_ours(IN_AXUM, by_hand).unwrap()
    };
    format!(
        "Verifying a 1 KiB body takes {}, of which the HMAC takes {}; at 1 MiB the layer adds {:.0} % to the HMAC's time. In axum with a \
         typed\npayload, a delivery takes {:.2} times as long as with a handler written by hand, and {:.2} times if both deduplicate. \
         The\n[benchmarks](benches/README.md) compare other crates as well, and explain where the time goes.\n",
        time(results.nanoseconds(STANDARD, ours).unwrap()),
        time(results.nanoseconds(STANDARD, "floor").unwrap()),
        100.0 * (large - 1.0),
        of_by_hand(ours, "by hand"),
        of_by_hand("tower-webhook, deduped", "by hand, deduped"),
    )
}

struct Results {
    layer: Kept,
    allocations: Kept,
    copies: Kept,
    remembered: Kept,
    store: Kept,
    threads: Kept,
    http: Kept,
    wrk: Kept,
}

/// The columns of `results/` that identify a group.
type Of<'a> = [&'a str; 5];

const STANDARD: Of<'_> = ["raw", "Standard", "1 KiB", "One", "Valid"];
const GITHUB: Of<'_> = ["raw", "Github", "1 KiB", "One", "Valid"];
const IN_AXUM: Of<'_> = ["axum, typed", "Github", "1 KiB", "One", "Valid"];
/// The groups whose handler reads its body in one piece.
const READING: [(&str, Of<'_>); 4] = [
    ("Standard Webhooks", ["collecting", "Standard", "1 KiB", "One", "Valid"]),
    ("… cloned per delivery", ["collecting, oneshot", "Standard", "1 KiB", "One", "Valid"]),
    ("GitHub", ["collecting", "Github", "1 KiB", "One", "Valid"]),
    ("… cloned per delivery", ["collecting, oneshot", "Github", "1 KiB", "One", "Valid"]),
];
/// The groups in axum, by the extractor of the handler.
const EXTRACTING: [(&str, Of<'_>); 3] = [
    ("GitHub in axum, `Event<T>`", IN_AXUM),
    ("GitHub in axum, `Bytes`", ["axum, Bytes", "Github", "1 KiB", "One", "Valid"]),
    ("GitHub in axum, `Json`", ["axum, Json", "Github", "1 KiB", "One", "Valid"]),
];
const EVERYTHING: Of<'_> = ["typed and deduped", "Standard", "1 KiB", "One", "Valid"];

impl Results {
    fn read() -> Self {
        let [layer, allocations, copies, remembered, store, threads, http, wrk] =
            ["layer", "allocations", "copies", "remembered", "store", "threads", "http", "wrk"]
                .map(Kept::read);
        Self { layer, allocations, copies, remembered, store, threads, http, wrk }
    }

    fn cell(of: Of<'_>, contender: &str, column: &str, kept: &Kept) -> Option<f64> {
        let [group, scheme, size, frames, case] = of;
        let wanted = [
            ("group", group),
            ("scheme", scheme),
            ("size", size),
            ("frames", frames),
            ("case", case),
            ("contender", contender),
        ];
        kept.number(column, &wanted)
    }

    fn nanoseconds(&self, of: Of<'_>, contender: &str) -> Option<f64> {
        Self::cell(of, contender, "nanoseconds", &self.layer)
    }

    fn of_floor(&self, of: Of<'_>, contender: &str) -> Option<f64> {
        Self::cell(of, contender, "of the floor", &self.layer)
    }

    fn of_ours(&self, of: Of<'_>, contender: &str) -> Option<f64> {
        Self::cell(of, contender, "of ours", &self.layer)
    }

    fn http(&self, host: &str, protocol: &str, handler: &str, column: &str) -> f64 {
        let of = [("host", host), ("protocol", protocol), ("handler", handler)];
        self.http.number(column, &of).unwrap()
    }

    fn machine(&self) -> String {
        let fact = |name: &str| self.layer.facts[name].as_str();
        format!(
            "On {}, {}; {}. Measured on {}, at commit {}; the load was {}.\n",
            fact("machine"),
            fact("rustc"),
            fact("versions"),
            fact("date"),
            fact("commit"),
            fact("load"),
        )
    }
}

// The tables.

/// Returns the tables with the floor's time and multiples of it.
fn tables(results: &Results) -> String {
    let mut text = String::new();
    let columns =
        ["tower-webhook", "by hand", "webhook-verify", "tower-github-webhook", "svix", "standardwebhooks"];
    let with = |of: Of<'static>, size, frames, case| [of[0], of[1], size, frames, case];
    let rows = [
        ("Standard Webhooks, 256 B", with(STANDARD, "256 B", "One", "Valid")),
        ("… 1 KiB", STANDARD),
        ("… 16 KiB", with(STANDARD, "16 KiB", "One", "Valid")),
        ("… 256 KiB", with(STANDARD, "256 KiB", "One", "Valid")),
        ("… 1 MiB", with(STANDARD, "1 MiB", "One", "Valid")),
        ("… 1 MiB in 64 frames", with(STANDARD, "1 MiB", "Many", "Valid")),
        ("… 1 KiB, wrong signature", with(STANDARD, "1 KiB", "One", "WrongSignature")),
        ("… 1 MiB, 32 candidates", with(STANDARD, "1 MiB", "One", "Candidates32")),
        ("… 1 KiB, caches cold", ["caches cold", "Standard", "1 KiB", "One", "Valid"]),
        ("GitHub, 1 KiB", GITHUB),
        ("… 1 MiB", with(GITHUB, "1 MiB", "One", "Valid")),
        ("… 1 MiB in 64 frames", with(GITHUB, "1 MiB", "Many", "Valid")),
        ("… 1 KiB, caches cold", ["caches cold", "Github", "1 KiB", "One", "Valid"]),
    ];
    head(&mut text, "verified, raw body", &["floor"], &columns);
    for (name, of) in rows {
        row(&mut text, results, name, of, "floor", &columns);
    }
    text.push('\n');

    let reading = [
        "tower-webhook",
        "tower-webhook, into_bytes",
        "by hand",
        "the least layer",
        "webhook-verify",
        "tower-github-webhook",
    ];
    head(&mut text, "verified, 1 KiB, the handler reads its body", &["floor"], &reading);
    for (name, of) in READING {
        row(&mut text, results, name, of, "floor", &reading);
    }
    text.push('\n');

    head(&mut text, "allocations, 1 KiB, the handler reads its body", &[], &reading);
    for (name, of) in READING.into_iter().chain(EXTRACTING) {
        let count = |contender: &&str| Results::cell(of, contender, "allocations", &results.allocations);
        let cells =
            reading.iter().map(|it| count(it).map_or("–".to_owned(), |count| format!("{count:.0}")));
        writeln!(text, "| {name} | {} |", cells.collect::<Vec<_>>().join(" | ")).unwrap();
    }
    text.push('\n');

    head(&mut text, "bytes copied", &[], &columns);
    for (name, of) in [
        ("Standard Webhooks, 1 KiB", STANDARD),
        ("… 1 MiB", with(STANDARD, "1 MiB", "One", "Valid")),
        ("… 1 MiB in 64 frames", with(STANDARD, "1 MiB", "Many", "Valid")),
        ("GitHub, 1 KiB", GITHUB),
        ("… 1 MiB", with(GITHUB, "1 MiB", "One", "Valid")),
        ("… 1 MiB in 64 frames", with(GITHUB, "1 MiB", "Many", "Valid")),
    ] {
        let copied = |contender: &&str| Results::cell(of, contender, "bytes copied", &results.copies);
        let cells = columns.iter().map(|it| copied(it).map_or("–".to_owned(), bytes));
        writeln!(text, "| {name} | {} |", cells.collect::<Vec<_>>().join(" | ")).unwrap();
    }
    text.push('\n');

    let columns = [
        "tower-webhook",
        "by hand",
        "axum-github-webhook-extract",
        "tower-webhook, deduped",
        "by hand, deduped",
    ];
    head(&mut text, "verified, typed, in axum", &["floor, typed"], &columns);
    for (name, size, frames) in [
        ("GitHub, 256 B", "256 B", "One"),
        ("… 1 KiB", "1 KiB", "One"),
        ("… 16 KiB", "16 KiB", "One"),
        ("… 1 MiB", "1 MiB", "One"),
        ("… 1 MiB in 64 frames", "1 MiB", "Many"),
    ] {
        row(&mut text, results, name, with(IN_AXUM, size, frames, "Valid"), "floor, typed", &columns);
    }
    let [_, (with_bytes, of_bytes), (with_json, of_json)] = EXTRACTING;
    row(&mut text, results, with_json, of_json, "floor, typed", &columns);
    row(&mut text, results, with_bytes, of_bytes, "floor", &columns);
    text.push('\n');

    let columns = ["tower-webhook, fresh", "tower-webhook, duplicate", "tower-webhook, not deduped"];
    head(&mut text, "typed and deduped", &["floor, typed and deduped"], &columns);
    for (name, size) in [("Standard Webhooks, 1 KiB", "1 KiB"), ("… 1 MiB", "1 MiB")] {
        row(
            &mut text,
            results,
            name,
            with(EVERYTHING, size, "One", "Valid"),
            "floor, typed and deduped",
            &columns,
        );
    }
    text.push('\n');

    text += "| memory store | resident, per id | requested, per id | time per delivery | a bare `moka` insert |\n|---|---|---|---|---|\n";
    for (ids, name) in [("1000", "1,000 ids"), ("100000", "100,000 ids"), ("1000000", "1,000,000 ids")] {
        let number = |kept: &Kept, column| kept.number(column, &[("ids", ids)]).unwrap();
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} |",
            bytes(number(&results.store, "resident bytes an id")),
            bytes(number(&results.remembered, "bytes an id")),
            time(number(&results.store, "nanoseconds")),
            time(number(&results.store, "bare moka insert, nanoseconds")),
        )
        .unwrap();
    }
    text.push('\n');

    text += "| work at 1 KiB | gain of a second thread |\n|---|---|\n";
    for work in ["HMAC", "verified", "verified and deduped"] {
        let gain = results.threads.number("gain of a second thread", &[("work at 1 KiB", work)]).unwrap();
        writeln!(text, "| {work} | {gain:.2} × |").unwrap();
    }
    text.push('\n');

    let hosts = [("axum", "Http1"), ("axum", "Http2"), ("hyper", "Http1"), ("hyper", "Http2")];
    text += "| over loopback, typed, 1 KiB | axum, HTTP/1.1 | axum, HTTP/2 | hyper, HTTP/1.1 | hyper, HTTP/2 |\n|---|---|---|---|---|\n";
    for handler in HANDLERS {
        let cell = |(host, protocol)| {
            let number = |column: &str| results.http(host, protocol, handler, column);
            of_a_server(number, "<br>")
        };
        writeln!(text, "| {} | {} |", shown(handler), hosts.map(cell).join(" | ")).unwrap();
    }
    text.push('\n');

    text += "| … sent by `wrk` | axum, HTTP/1.1 | hyper, HTTP/1.1 |\n|---|---|---|\n";
    for handler in HANDLERS {
        let cell = |host| {
            let number =
                |column: &str| results.wrk.number(column, &[("host", host), ("handler", handler)]).unwrap();
            of_a_server(number, "; ")
        };
        writeln!(text, "| {} | {} |", shown(handler), ["axum", "hyper"].map(cell).join(" | ")).unwrap();
    }
    text
}

/// Returns a cell with the requests per second, the processor time per request, and the latencies.
fn of_a_server(number: impl Fn(&str) -> f64, mark: &str) -> String {
    format!(
        "{:.1} k/s, {:.2} ×{mark}{:.1} µs, {:.2} ×{mark}{:.1} / {:.1} / {:.1} ms",
        number("requests/s") / 1e3,
        number("of by hand"),
        number("server µs"),
        number("server, of by hand"),
        number("p50 µs") / 1e3,
        number("p99 µs") / 1e3,
        number("p99.9 µs") / 1e3,
    )
}

fn shown(handler: &str) -> &str {
    if handler == "none" { "no verification" } else { handler }
}

const HANDLERS: [&str; 7] = [
    "none",
    "by hand",
    "tower-webhook, not deduped",
    "by hand, deduped",
    "tower-webhook",
    "by hand, Redis",
    "tower-webhook, Redis",
];

fn head(text: &mut String, name: &str, floor: &[&str], columns: &[&str]) {
    let columns = [floor, columns].concat();
    let names: Vec<String> =
        columns
            .iter()
            .map(|name| {
                if PEERS.iter().any(|peer| peer.name == *name) {
                    format!("`{name}`")
                } else {
                    name.to_string()
                }
            })
            .collect();
    writeln!(text, "| {name} | {} |\n|---|{}", names.join(" | "), "---|".repeat(columns.len())).unwrap();
}

fn row(text: &mut String, results: &Results, name: &str, of: Of<'_>, floor: &str, columns: &[&str]) {
    let cell = |contender: &&str| {
        results.of_floor(of, contender).map_or("–".to_owned(), |it| format!("{it:.2} ×"))
    };
    let cells: Vec<String> = columns.iter().map(cell).collect();
    let floor = time(results.nanoseconds(of, floor).unwrap());
    writeln!(text, "| {name} | {floor} | {} |", cells.join(" | ")).unwrap();
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e5 => format!("{:.2} µs", nanoseconds / 1e3),
        ..1e6 => format!("{:.0} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

fn bytes(count: f64) -> String {
    match count {
        ..1e4 => format!("{count:.0} B"),
        ..1e6 => format!("{:.1} KiB", count / 1024.0),
        _ => format!("{:.2} MiB", count / 1024.0 / 1024.0),
    }
}

fn of_peers() -> String {
    let mut text = "| crate | type | limitations |\n|---|---|---|\n".to_owned();
    for peer in PEERS {
        writeln!(text, "| `{}` | {} | {} |", peer.name, peer.what, peer.lacks).unwrap();
    }
    text
}

// The picture.

const WIDTH: f64 = 860.0;
const MOST: f64 = 8.0;

/// Returns a bar chart of the multiples of the floor.
fn picture(results: &Results) -> String {
    let panels: [(&str, Of<'_>, &str, &[&str]); 4] = [
        (
            "Verified · Standard Webhooks, 1 KiB",
            STANDARD,
            "floor",
            &["tower-webhook", "by hand", "webhook-verify", "svix", "standardwebhooks"],
        ),
        (
            "Verified · Standard Webhooks, 1 MiB",
            ["raw", "Standard", "1 MiB", "One", "Valid"],
            "floor",
            &["tower-webhook", "by hand", "webhook-verify", "svix", "standardwebhooks"],
        ),
        (
            "Verified · GitHub, 1 KiB",
            GITHUB,
            "floor",
            &["tower-webhook", "by hand", "webhook-verify", "tower-github-webhook"],
        ),
        (
            "Verified and typed, in axum · GitHub, 1 KiB",
            IN_AXUM,
            "floor, typed",
            &[
                "tower-webhook",
                "by hand",
                "axum-github-webhook-extract",
                "tower-webhook, deduped",
                "by hand, deduped",
            ],
        ),
    ];
    let mut body = String::new();
    for (index, (title, of, floor, contenders)) in panels.iter().enumerate() {
        let (x, y) = (20.0 + 420.0 * (index % 2) as f64, 70.0 + 190.0 * (index / 2) as f64);
        panel(&mut body, results, (x, y), title, *of, floor, contenders);
    }
    let fact = |name: &str| escaped(&results.layer.facts[name]);
    let footer =
        format!("{} · {} · {} · commit {}", fact("machine"), fact("rustc"), fact("date"), fact("commit"));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 480" width="{WIDTH}" height="480" role="img" aria-labelledby="title description">
<title id="title">Time per delivery, as multiples of the floor</title>
<desc id="description">Bars for tower-webhook, a handler written by hand, and other crates. The same figures are in the tables of benches/README.md.</desc>
<style>
svg {{ --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --bar: #afb8c1; --ours: #0969da; }}
@media (prefers-color-scheme: dark) {{ svg {{ --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d; --bar: #656c76; --ours: #4493f8; }} }}
text {{ font: 12px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink); }}
.heading {{ font-size: 16px; font-weight: 600; }}
.title {{ font-size: 13px; font-weight: 600; }}
.faint {{ fill: var(--faint); }}
.small {{ font-size: 10.5px; }}
.ours {{ font-weight: 600; }}
.paper {{ fill: var(--paper); stroke: var(--line); }}
.floor {{ stroke: var(--faint); stroke-dasharray: 3 3; }}
rect.bar {{ fill: var(--bar); }}
rect.bar.ours {{ fill: var(--ours); }}
</style>
<rect class="paper" x="0.5" y="0.5" width="859" height="479" rx="6"/>
<text class="heading" x="20" y="30">Time per delivery, as multiples of the floor</text>
<text class="faint" x="20" y="48">The floor (dashed): an HMAC of the body with a prepared key, and serde_json where typed. Shorter is better.</text>
{body}<text class="faint small" x="20" y="464">{footer}</text>
</svg>
"##
    )
}

fn panel(
    body: &mut String,
    results: &Results,
    (x, y): (f64, f64),
    title: &str,
    of: Of<'_>,
    floor: &str,
    contenders: &[&str],
) {
    const NAMES: f64 = 172.0;
    const BARS: f64 = 140.0;
    const STEP: f64 = 26.0;
    let width = |multiple: f64| multiple.min(MOST) / MOST * BARS;
    let bars = x + NAMES;
    let floor_time = time(results.nanoseconds(of, floor).unwrap());
    writeln!(body, r#"<text class="title" x="{x}" y="{}">{}</text>"#, y + 14.0, escaped(title)).unwrap();
    for (index, contender) in contenders.iter().enumerate() {
        let top = y + 26.0 + STEP * index as f64;
        let multiple = results.of_floor(of, contender).unwrap();
        let taken = time(results.nanoseconds(of, contender).unwrap());
        let class = if contender.starts_with("tower-webhook") { " ours" } else { "" };
        let (middle, long, end) = (top + 13.0, width(multiple), bars + width(multiple) + 6.0);
        writeln!(
            body,
            r#"<text class="name{class}" x="{}" y="{middle}" text-anchor="end">{contender}</text>"#,
            bars - 8.0
        )
        .unwrap();
        writeln!(
            body,
            r#"<rect class="bar{class}" x="{bars}" y="{top}" width="{long:.1}" height="18" rx="2"/>"#
        )
        .unwrap();
        writeln!(
            body,
            r#"<text class="{class}" x="{end:.1}" y="{middle}">{multiple:.2} × <tspan class="faint small">{taken}</tspan></text>"#
        )
        .unwrap();
    }
    let (line, top, bottom) = (bars + width(1.0), y + 22.0, y + 26.0 + STEP * contenders.len() as f64);
    writeln!(body, r#"<path class="floor" d="M{line:.1} {top}V{bottom}"/>"#).unwrap();
    writeln!(
        body,
        r#"<text class="faint small" x="{line:.1}" y="{}" text-anchor="middle">floor, {floor_time}</text>"#,
        bottom + 11.0
    )
    .unwrap();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
