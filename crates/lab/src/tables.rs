//! The tables of studies, as they are printed.

use dualround_lab::studies::{
    mixed::{POWERS, QUEUES, RATIOS},
    overload::{self, LOADS},
    until::{CELLS, MOST},
};

#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
pub(crate) fn percent(count: u64, of: u64) -> String {
    format!("{:.1} %", 100.0 * count as f64 / of as f64)
}

/// Prints the study of mixed rounds; what does not hold.
pub(crate) fn mixed(runs: u64) -> Vec<String> {
    let mut faults = agreement(runs);
    println!();
    println!("| users | decode / prefill | requests | distance of p | effects claimed |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for queue in QUEUES {
        let row = queue.without_effect(runs);
        println!(
            "| {} | {} | {} | {:.3} | {} |",
            queue.concurrency,
            queue.decode,
            queue.requests,
            row.distance,
            percent(row.effects, row.runs),
        );
        if !row.holds() {
            faults.push(format!("without an effect {queue:?}: {row:?}"));
        }
    }
    println!();
    println!(
        "| users | decode / prefill | requests | drift | prefill ratio | found | the other way | interval holds 1.3 |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for cell in POWERS {
        let (queue, row) = (cell.queue, cell.run(runs));
        println!(
            "| {} | {} | {} | {} | {:.3} | {} | {} | {} |",
            queue.concurrency,
            queue.decode,
            queue.requests,
            cell.drift,
            row.prefill_ratio,
            percent(row.found, row.runs),
            row.wrong_way,
            percent(row.runs - row.uncovered, row.runs),
        );
        if !cell.holds(&row) {
            faults.push(format!("an effect of 1.3 {queue:?}: {row:?}"));
        }
    }
    faults
}

/// Prints how mixed rounds agree with whole ones; where they do not.
fn agreement(runs: u64) -> Vec<String> {
    let mut faults = Vec::new();
    println!("| users | decode / prefill | requests | prefill ratio | CW | M | M / CW |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for queue in QUEUES {
        for ratio in RATIOS {
            let row = queue.agreement(ratio, runs);
            println!(
                "| {} | {} | {} | {} | {:.2} | {:.2} | {:.3} |",
                queue.concurrency,
                queue.decode,
                queue.requests,
                ratio,
                row.rounds,
                row.mixed,
                row.mixed / row.rounds,
            );
            if !row.holds() {
                faults.push(format!("mixed against whole rounds {queue:?}: {row:?}"));
            }
        }
    }
    faults
}

/// Prints the study of cycles that are run until they decide; what does not hold.
pub(crate) fn until(runs: u64) -> Vec<String> {
    let mut faults = Vec::new();
    println!(
        "| cycles at most | σ between rounds | true ratio | effect | wrong | no effect | wrong | interval holds the truth | cycles in the mean |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for cell in MOST
        .iter()
        .flat_map(|most| CELLS.map(|cell| cell.with_most(*most)))
    {
        let row = cell.run(runs);
        println!(
            "| {} | {} % | {} | {} | {} | {} | {} | {} | {:.2} |",
            cell.most,
            100.0 * cell.tau,
            cell.ratio,
            percent(row.effects, row.runs),
            percent(row.wrong_effects, row.runs),
            percent(row.no_effects, row.runs),
            percent(row.wrong_no_effects, row.runs),
            percent(row.runs - row.uncovered, row.runs),
            row.mean_cycles(),
        );
        faults.extend(cell.faults(&row));
    }
    faults
}

/// Prints how often rounds are called overloaded; where that is so far from the capacity that none
/// may be wrong, those that are.
pub(crate) fn overload(runs: u64) -> serde_json::Result<Vec<String>> {
    let mut faults = Vec::new();
    let loads = LOADS.map(|load| format!("{load} ×")).join(" | ");
    println!("| arrivals | cv of service | requests | {loads} |");
    println!("| --- | ---: | ---: |{}", " ---: |".repeat(LOADS.len()));
    for row in overload::rows() {
        let named = row.named(runs)?;
        let shown = named.map(|count| percent(count, runs)).join(" | ");
        let shape = row.arrivals.shape();
        println!(
            "| {}{} | {} | {} | {shown} |",
            row.arrivals.name(),
            shape.map_or_else(String::new, |shape| format!(" {shape}")),
            row.service_cv,
            row.requests,
        );
        let [half, .., twice] = named;
        if half > 0 || twice < runs {
            faults.push(format!(
                "{row:?}: {half} at half of the capacity, {twice} at twice"
            ));
        }
    }
    Ok(faults)
}
