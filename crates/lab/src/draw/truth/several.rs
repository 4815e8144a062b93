//! Two cycles and more.

use super::{
    AskedRounds,
    means::{
        PromptValue, as_ratios, mean, middles, prompt_means, spread, t_interval_of_looks, values,
        widened,
    },
};
use crate::draw::{
    plain::PlainFigures,
    scenario::{ClassTruth, ScenarioTruth},
};

/// How cycles are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Together {
    /// Two: means by prompt over both.
    ByPrompt,
    /// Three and more: the mean of the cycles' own means. Of several looks at them each has its part of
    /// what may go wrong.
    ByCycle {
        /// How many.
        looks: u32,
    },
}

/// A row in a cycle, in ln.
struct RowLogs {
    prompt: usize,
    cold: f64,
    warm: f64,
}

impl RowLogs {
    fn effect(&self) -> f64 {
        self.cold - self.warm
    }
}

/// Which value of a row.
type OfRow = fn(&RowLogs) -> f64;

/// The rows of each cycle.
struct CycleRows {
    cycles: Vec<Vec<RowLogs>>,
    together: Together,
}

impl CycleRows {
    /// The values of the prompts over all cycles. A prompt's rows within a cycle first: each cycle
    /// has the same weight in it.
    fn over_all(&self, pick: OfRow) -> Vec<f64> {
        let each = self.cycles.iter().map(|rows| in_cycle(rows, pick));
        values(&prompt_means(&each.collect::<Vec<_>>().concat()))
    }

    /// The mean of each cycle that has any rows.
    fn by_cycle(&self, pick: OfRow) -> Vec<f64> {
        let with_any = self.cycles.iter().filter(|rows| !rows.is_empty());
        let means = with_any.map(|rows| mean(&values(&in_cycle(rows, pick))));
        means.collect()
    }

    /// The value that cycles together have.
    fn centre(&self, pick: OfRow) -> f64 {
        match self.together {
            Together::ByPrompt => mean(&self.over_all(pick)),
            Together::ByCycle { .. } => mean(&self.by_cycle(pick)),
        }
    }

    fn class(&self) -> ClassTruth {
        let count: usize = self.cycles.iter().map(Vec::len).sum();
        ClassTruth {
            requests: u32::try_from(count).unwrap_or(u32::MAX),
            ratio: (count > 0).then(|| self.centre(RowLogs::effect).exp()),
        }
    }
}

fn in_cycle(rows: &[RowLogs], pick: OfRow) -> Vec<PromptValue> {
    let values = rows.iter().map(|row| PromptValue {
        prompt: row.prompt,
        value: pick(row),
    });
    prompt_means(&values.collect::<Vec<_>>())
}

/// The rows of the cycles that count; with `hits`, those that hit or those that missed alone.
fn rows_of(
    asked: AskedRounds<'_>,
    truth: &ScenarioTruth,
    together: Together,
    hits: Option<bool>,
) -> CycleRows {
    let mut cycles = Vec::new();
    for cycle in &truth.cycles {
        let mut rows = Vec::new();
        for (row, prompt) in asked.prompts.iter().enumerate() {
            let wanted = hits.is_none_or(|hits| asked.hits[row] == hits);
            if let (true, Some((cold, warm))) = (wanted, asked.pair(*cycle, row)) {
                rows.push(RowLogs {
                    prompt: *prompt,
                    cold: cold.ln(),
                    warm: warm.ln(),
                });
            }
        }
        cycles.push(rows);
    }
    CycleRows { cycles, together }
}

/// ln of the last cold round over the first, by the rows that both have.
fn first_to_last(asked: AskedRounds<'_>, first: usize, last: usize) -> Option<f64> {
    let mut drifts = Vec::new();
    for row in 0..asked.prompts.len() {
        if let Some((before, after)) = asked.time(first, row).zip(asked.time(last, row)) {
            drifts.push((after / before).ln());
        }
    }
    (last > first && !drifts.is_empty()).then(|| mean(&drifts))
}

/// Fills in what is true of several cycles.
pub(super) fn several(
    truth: &mut ScenarioTruth,
    asked: AskedRounds<'_>,
    together: Together,
    allowed: f64,
) {
    truth.row = match together {
        Together::ByPrompt => "cwcw".to_owned(),
        Together::ByCycle { .. } => "cycles".to_owned(),
    };
    truth.hits = rows_of(asked, truth, together, Some(true)).class();
    truth.misses = rows_of(asked, truth, together, Some(false)).class();
    let pairs = truth.cycles.iter().flat_map(|cycle| {
        let rows = 0..asked.prompts.len();
        rows.filter_map(|row| asked.pair(*cycle, row))
    });
    truth.plain = PlainFigures::of(&pairs.collect::<Vec<_>>());
    if let (Some(first), Some(last)) = (truth.cycles.first(), truth.cycles.last()) {
        let rounds = last.cold - first.cold;
        truth.first_to_last = first_to_last(asked, first.cold, last.cold);
        truth.trend = truth.first_to_last.map(|drift| drift / rounds as f64);
    }
    let rows = rows_of(asked, truth, together, None);
    let effects = rows.over_all(RowLogs::effect);
    if effects.is_empty() {
        return;
    }
    let (cold, warm) = (rows.centre(|row| row.cold), rows.centre(|row| row.warm));
    truth.prompts = u32::try_from(effects.len()).unwrap_or(u32::MAX);
    truth.seen_ratio = Some((cold - warm).exp());
    truth.seen_ms = Some((cold.exp(), warm.exp()));
    truth.middles = Some(middles(&effects));
    let Some(of_prompts) = spread(&effects) else {
        return;
    };
    truth.spread = Some(as_ratios(of_prompts));
    truth.interval = Some(as_ratios(match together {
        Together::ByPrompt => widened(of_prompts, allowed),
        Together::ByCycle { looks } => t_interval_of_looks(&rows.by_cycle(RowLogs::effect), looks),
    }));
}
