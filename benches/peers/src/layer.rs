//! Time per delivery, in process.

use std::rc::Rc;

use peers::{
    print::{cells, head, rounds, row, time},
    rounds::Group,
    tables::{Table, tables},
};
use tokio::runtime::Builder;

pub fn measure() {
    let runtime = Rc::new(Builder::new_current_thread().enable_time().build().unwrap());
    let mut tables = tables(&runtime);
    let mut each = |act: fn(&mut Group)| {
        tables.iter_mut().flat_map(|table| &mut table.rows).for_each(|(_, group)| act(group));
    };
    each(Group::warm_up);
    (0..rounds(51)).for_each(|_| each(Group::take_round));
    for Table { title, floor, columns, rows } in &tables {
        head(title, &[&[*floor], *columns].concat());
        for (label, group) in rows {
            let ratio = |column: &str| Some(format!("{:.2} ×", group.ratio(group.position(column)?, 0)));
            row(label, [vec![time(group.median(0))], cells(columns, ratio)].concat());
        }
    }
}
