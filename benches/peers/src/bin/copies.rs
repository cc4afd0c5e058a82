//! Bytes copied per delivery, from the call to the answer.
//!
//! `valgrind --tool=dhat --mode=copy` counts each call of `memcpy` and similar functions. This includes moves of
//! large structures, but not the bytes that `realloc` moves when a buffer grows. Each contender runs in two
//! processes, with few and with more deliveries. The difference of the two counts, divided by the number of
//! additional deliveries, is the result. The bytes for creating a request are measured in the same way and
//! subtracted.

use std::{env, process::Command, rc::Rc};

use peers::{
    contender::{Contender, Ids},
    delivery::id_of,
    print::{bytes, cells, head, machine, row},
    rounds::once,
    tables::{Table, raw_body},
};
use tokio::runtime::Builder;

const FEW: usize = 2;
const MORE: usize = 12;

const ROWS: [&str; 6] = [
    "Standard Webhooks, 1 KiB",
    "Standard Webhooks, 1 MiB",
    "Standard Webhooks, 1 MiB in 64 frames",
    "GitHub, 1 KiB",
    "GitHub, 1 MiB",
    "GitHub, 1 MiB in 64 frames",
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [option, row, contender, count] = &arguments[..]
        && option == "--deliver"
    {
        return deliver(row, contender, count.parse().unwrap());
    }
    machine();
    let Table { columns, rows, .. } = table();
    head("bytes copied", columns);
    for (label, group) in rows.iter().filter(|(label, _)| ROWS.contains(label)) {
        let baseline = copied(label, BASELINE);
        let copied = |column: &str| group.position(column).map(|_| bytes(copied(label, column) - baseline));
        row(label, cells(columns, copied));
    }
}

/// The name of a contender that only drops each request.
const BASELINE: &str = "baseline";

/// Returns the bytes copied per delivery, including the creation of the request.
fn copied(row: &str, contender: &str) -> f64 {
    let [few, more] = [FEW, MORE].map(|count| copied_by(row, contender, count));
    (more - few) as f64 / (MORE - FEW) as f64
}

/// Returns the bytes that a process copies in total.
fn copied_by(row: &str, contender: &str, count: usize) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=dhat", "--mode=copy", "--dhat-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["--deliver", row, contender, &count.to_string()])
        .output()
        .unwrap_or_else(|error| {
            panic!("`valgrind` cannot be run; most systems have it in the package `valgrind`: {error}")
        });
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let total = report.lines().find_map(|line| line.split_once("Total:")?.1.trim().split_once(" bytes"));
    let (bytes, _) = total.unwrap_or_else(|| panic!("`valgrind` printed no total: {report}"));
    bytes.replace(',', "").parse().unwrap()
}

/// Sends deliveries in the process that runs under valgrind.
fn deliver(row: &str, contender: &str, count: usize) {
    let (_, mut group) = table().rows.into_iter().find(|(label, _)| *label == row).unwrap();
    let mut baseline = Contender {
        name: BASELINE.to_owned(),
        ids: Ids::Fresh,
        call: Box::new(|request| {
            drop(request);
            (Default::default(), None)
        }),
    };
    let contender = match group.contenders.iter_mut().find(|it| it.name == contender) {
        Some(contender) => contender,
        None if contender == BASELINE => &mut baseline,
        None => panic!("no {contender} in {row}"),
    };
    for number in 0..count {
        once(contender, &group.delivery, &id_of(number));
    }
}

fn table() -> Table {
    raw_body(&Rc::new(Builder::new_current_thread().enable_time().build().unwrap()))
}
