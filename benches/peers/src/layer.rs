//! Time per delivery, in process.
//!
//! ```text
//! cargo run --release -- layer                       # writes results/layer.tsv
//! cargo run --release -- layer --quick "1 KiB"    # a few rounds of the groups whose names contain "1 KiB"
//! ```

use std::rc::Rc;

use peers::{
    groups::groups,
    results::{Run, Table},
    rounds::Group,
};
use tokio::runtime::Builder;

pub fn measure(run: &Run) {
    let runtime = Rc::new(Builder::new_current_thread().enable_time().build().unwrap());
    let mut groups = groups(&runtime);
    groups.retain(|group| run.wants(&group.facts().join(" ")));
    groups.iter_mut().for_each(Group::warm_up);
    for _ in 0..run.rounds(51) {
        groups.iter_mut().for_each(Group::take_round);
    }
    let columns =
        &["group", "scheme", "size", "frames", "case", "contender", "nanoseconds", "of the floor", "of ours"];
    let mut table = Table::new("layer", columns);
    for group in &groups {
        let [name, scheme, size, frames, case] = group.facts();
        for (index, contender) in group.contenders.iter().enumerate() {
            let [time, of_floor, of_ours] =
                [group.median(index), group.ratio(index, 0), group.ratio(index, 1)];
            let (time, of_floor) = (format!("{time:.0}"), format!("{of_floor:.3}"));
            let of_ours = format!("{of_ours:.3}");
            table.row(&[&name, &scheme, &size, &frames, &case, &contender.name, &time, &of_floor, &of_ours]);
        }
    }
    table.keep(run);
}
