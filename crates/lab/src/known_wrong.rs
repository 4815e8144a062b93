//! What is known to be judged wrongly: the family or named scenario, and the fault. One that turns
//! right fails the lab until it is taken off, so the list only shrinks.

/// Name and fault.
pub const KNOWN_WRONG: [(&str, &str); 24] = [
    ("effect", "V00a, V00b"),
    ("null", "V00a"),
    ("drift", "V11, G11"),
    ("lost", "V00c"),
    ("classes", "V00b"),
    ("repeats", "V19"),
    ("few", "V19"),
    ("lengths", "V12, V19b"),
    ("ended early", "V27"),
    ("combined", "all of these"),
    ("v00b_times_that_divide", "V00b"),
    ("v04_apart_warm_rounds_are_no_equality", "V04"),
    ("v09_few_pairs_and_faster", "V09"),
    ("v11a_cycles_of_a_server_that_warms_up", "V11"),
    ("v11a_three_prompts_decide_nothing", "V11"),
    ("v11b_a_control_across_the_margin", "V11"),
    ("v11c_the_last_cold_round_is_slower", "V11"),
    ("v12_queueing_is_no_prefill", "V12"),
    ("v19a_a_prompt_in_two_cycles_is_one", "V19"),
    ("v19b_cycles_are_no_classes_of_length", "V19"),
    ("v27_a_warm_round_was_planned", "V27"),
    ("g11_slower_and_far_from_withheld", "G11"),
    ("noise table", "V00a"),
    ("interval misses the truth", "V00a"),
];

/// The fault that a name is listed for.
pub fn fault_of(name: &str) -> Option<&'static str> {
    let listed = KNOWN_WRONG.iter().find(|(listed, _)| *listed == name);
    listed.map(|(_, fault)| *fault)
}
