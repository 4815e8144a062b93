//! Any bytes as a dataset: no reader may panic, hang or give a sample that it says it has not.

use dualround_dataset::{format_names, load_bytes};
use dualround_model::{DatasetPlan, Keep, TimestampUnit};

/// The first byte chooses how the others are read.
pub(crate) fn one(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let formats = format_names();
    // Mostly unnamed, as users read them.
    let format = formats
        .get(usize::from(choice & 31))
        .map(|name| (*name).to_owned());
    let plan = DatasetPlan {
        format,
        skip_bad_rows: choice & 32 != 0,
        num_samples: if choice & 64 != 0 {
            vec![2]
        } else {
            Vec::new()
        },
        max_input_length: (choice & 128 != 0).then_some(5),
        keep: if choice & 1 == 0 {
            Keep::End
        } else {
            Keep::Start
        },
        ..DatasetPlan::new("fuzz")
    };
    if let Ok(found) = load_bytes("fuzz", bytes, &plan) {
        let samples = found.of_level(0);
        assert!(!samples.is_empty() && samples.len() as u64 <= found.rows.max(1));
        for sample in samples {
            assert!(!sample.messages.is_empty());
            if let Some(limit) = plan.max_input_length {
                let kept: usize = sample.texts().iter().map(|text| text.chars().count()).sum();
                assert!(kept as u64 <= limit);
            }
        }
    }
    let plan = DatasetPlan {
        replay: true,
        timestamp_unit: (choice & 1 == 0).then_some(TimestampUnit::Seconds),
        ..plan
    };
    if let Ok(found) = load_bytes("fuzz", bytes, &plan) {
        let times = found.of_level(0).iter().map(|sample| sample.arrival_ns);
        assert!(times.clone().all(|time| time.is_some()) && times.is_sorted());
    }
}
