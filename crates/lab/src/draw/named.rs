//! The faults that were found in verdicts, each as the scenario that showed it.

use super::Scenario;

/// All named scenarios.
pub fn named() -> Vec<Scenario> {
    let mut skewed = Scenario::plain("v00b_times_that_divide", 7);
    skewed.prompt_sigma = 1.2;
    skewed.hit_share = 0.6;
    let mut across = by_round(
        "v11b_a_control_across_the_margin",
        "CWC",
        12,
        &[50.0, 30.0, 0.0],
    );
    if let Some(rounds) = &mut across.by_round {
        rounds[2] = (20.0, 60.0);
    }
    let mut queued = Scenario::plain("v12_queueing_is_no_prefill", 3);
    queued.concurrency = 4;
    queued.tokens = (200, 3000);
    let mut one_length = by_round(
        "v19b_cycles_are_no_classes_of_length",
        "CWCWCW",
        6,
        &[100.0, 30.0, 110.0, 28.0, 110.0, 28.0],
    );
    one_length.tokens = (700, 700);
    let mut ended = Scenario::plain("v27_a_warm_round_was_planned", 5);
    ended.rounds_run = Some(1);
    vec![
        skewed,
        by_round(
            "v04_apart_warm_rounds_are_no_equality",
            "CWW",
            12,
            &[100.0, 50.0, 5.0],
        ),
        by_round("v09_few_pairs_and_faster", "CW", 5, &[271.0, 6.6]),
        by_round(
            "v11a_cycles_of_a_server_that_warms_up",
            "CWCWCW",
            6,
            &[100.0, 30.0, 60.0, 15.0, 60.0, 15.0],
        ),
        by_round(
            "v11a_three_prompts_decide_nothing",
            "CWCWCW",
            3,
            &[100.0, 30.0, 60.0, 15.0, 60.0, 15.0],
        ),
        across,
        by_round(
            "v11c_the_last_cold_round_is_slower",
            "CWC",
            12,
            &[50.0, 30.0, 101.0],
        ),
        queued,
        by_round(
            "v19a_a_prompt_in_two_cycles_is_one",
            "CWCW",
            3,
            &[100.0, 20.0, 100.0, 20.0],
        ),
        one_length,
        ended,
        by_round(
            "g11_slower_and_far_from_withheld",
            "CWC",
            20,
            &[100.67, 10.59, 200.79],
        ),
    ]
}

/// A scenario in which every request of a round takes the same time.
fn by_round(name: &str, schedule: &str, prompts: u32, ms: &[f64]) -> Scenario {
    let mut made = Scenario::plain(name, 1);
    made.schedule = schedule.to_owned();
    made.prompts = prompts;
    made.by_round = Some(ms.iter().map(|ms| (*ms, *ms)).collect());
    made
}
