//! Bytes copied per delivery, from the call to the answer.
//!
//! ```text
//! cargo run --release --bin copies    # writes results/copies.tsv; needs valgrind
//! ```
//!
//! `valgrind --tool=dhat --mode=copy` counts each call of `memcpy` and similar functions. This includes moves of
//! large structures, but not the bytes that `realloc` moves when a buffer grows, which `allocations` counts. Each
//! contender runs in two processes, with few and with more deliveries. The difference of the two counts, divided
//! by the number of additional deliveries, is the result. The bytes for creating a request are measured in the
//! same way and subtracted.

use std::{env, process::Command, rc::Rc};

use peers::{
    contender::{Contender, Ids},
    delivery::id_of,
    groups::groups,
    results::{Run, Table},
    rounds::{Group, once},
};
use tokio::runtime::Builder;

const FEW: usize = 2;
const MORE: usize = 12;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [option, group, contender, count] = &arguments[..]
        && option == "--deliver"
    {
        return deliver(group, contender, count.parse().unwrap());
    }
    let run = Run::new(arguments.into_iter());
    let columns = &["group", "scheme", "size", "frames", "case", "contender", "bytes copied", "of the body"];
    let mut table = Table::new("copies", columns);
    for group in all() {
        let facts @ [name, scheme, size, frames, case] = &group.facts();
        let sizes = ["1 KiB", "1 MiB"];
        if !sizes.contains(&&**size)
            || case != "Valid"
            || name == "caches cold"
            || !run.wants(&facts.join(" "))
        {
            continue;
        }
        let made = copied(&group, BASELINE);
        for contender in &group.contenders {
            let copied = copied(&group, &contender.name) - made;
            table.row(&[
                name,
                scheme,
                size,
                frames,
                case,
                &contender.name,
                &format!("{copied:.0}"),
                &format!("{:.2}", copied / group.delivery.size as f64),
            ]);
        }
    }
    table.keep(&run);
}

/// The name of a contender that only drops each request.
const BASELINE: &str = "baseline";

/// Returns the bytes copied per delivery, including the creation of the request.
fn copied(group: &Group, contender: &str) -> f64 {
    let [few, more] = [FEW, MORE].map(|count| copied_by(&group.facts().join(" "), contender, count));
    (more - few) as f64 / (MORE - FEW) as f64
}

/// Returns the bytes that a process copies in total.
fn copied_by(group: &str, contender: &str, count: usize) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=dhat", "--mode=copy", "--dhat-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["--deliver", group, contender, &count.to_string()])
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
fn deliver(group: &str, contender: &str, count: usize) {
    let mut all = all();
    let group = all.iter_mut().find(|it| it.facts().join(" ") == group).unwrap();
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
        None => panic!("no {contender} in {}", group.name),
    };
    for number in 0..count {
        let number = if contender.ids == Ids::Again { 0 } else { number };
        once(contender, &group.delivery, &id_of(number));
    }
}

fn all() -> Vec<Group> {
    groups(&Rc::new(Builder::new_current_thread().enable_time().build().unwrap()))
}
