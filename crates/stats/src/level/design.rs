//! Which rounds of a level stand against which: the row of the table in docs/methodology.md.

use crate::pairs::matched;
use dualround_model::{RequestRow, RoundKind, RoundResult, Source};

/// A repeat of a round counts when it holds this share of the requests of the pair.
const REPEAT_SHARE: f64 = 0.9;

/// A cold round and a warm one of its epoch.
pub(crate) type Cycle<'a> = (&'a RoundResult, &'a RoundResult);

/// The rounds that decide.
#[derive(Debug)]
pub(crate) struct Design<'a> {
    /// The row.
    pub(crate) source: Source,
    /// Each cold round with the first warm one of its epoch.
    pub(crate) cycles: Vec<Cycle<'a>>,
    /// Under [`Source::Cwc`]: the cold rounds whose mean is taken, in order.
    pub(crate) colds: Vec<&'a RoundResult>,
    /// The same of warm ones.
    pub(crate) warms: Vec<&'a RoundResult>,
}

impl<'a> Design<'a> {
    /// The design of a level's rounds. Rounds without a pair take no part.
    pub(crate) fn of(rounds: &'a [RoundResult]) -> Self {
        let mut cycles = cycles(rounds);
        let source = match cycles.len() {
            0 | 1 => Source::Cw,
            2 => Source::Cwcw,
            _ => Source::Cycles,
        };
        let Some((cold, warm)) = cycles.first().copied().filter(|_| cycles.len() == 1) else {
            return Self::averaged(source, cycles);
        };
        let colds = repeats(rounds, cold, (cold, warm));
        let warms = repeats(rounds, warm, (cold, warm));
        let source = match colds.len() + warms.len() {
            ..=2 => Source::Cw,
            _ => Source::Cwc,
        };
        cycles.truncate(1);
        Self {
            source,
            cycles,
            colds,
            warms,
        }
    }

    /// Pairs of rounds that are judged as one pair each, whatever else was run.
    pub(crate) fn pairs(cycles: Vec<Cycle<'a>>) -> Self {
        Self::averaged(Source::Cw, cycles)
    }

    fn averaged(source: Source, cycles: Vec<Cycle<'a>>) -> Self {
        Self {
            source,
            cycles,
            colds: Vec::new(),
            warms: Vec::new(),
        }
    }

    /// A cold round was repeated, so that a server that changes shows.
    pub(crate) fn repeats_cold(&self) -> bool {
        self.cycles.len() > 1 || self.colds.len() > 1
    }
}

/// Each cold round with the first warm one of its epoch, where a request succeeded in both.
fn cycles(rounds: &[RoundResult]) -> Vec<Cycle<'_>> {
    let of = |kind: RoundKind| {
        let all = rounds.iter();
        all.filter(move |round| round.meta.spec.kind == kind)
    };
    of(RoundKind::Cold)
        .filter_map(|cold| {
            let epoch = cold.meta.spec.epoch;
            let warm = of(RoundKind::Warm).find(|warm| warm.meta.spec.epoch == epoch)?;
            matched(cold, warm).next().map(|_| (cold, warm))
        })
        .collect()
}

/// The rounds of one kind that hold nearly all requests of the pair, the pair's own among them.
fn repeats<'a>(
    rounds: &'a [RoundResult],
    own: &'a RoundResult,
    (cold, warm): Cycle<'a>,
) -> Vec<&'a RoundResult> {
    let held = |round: &&RoundResult| {
        if std::ptr::eq(*round, own) {
            return true;
        }
        let (mut there, mut all) = (0_u32, 0_u32);
        for (index, ..) in matched(cold, warm) {
            let row = round.requests.get(index);
            there += u32::from(row.is_some_and(RequestRow::is_success));
            all += 1;
        }
        f64::from(there) >= REPEAT_SHARE * f64::from(all)
    };
    let kind = own.meta.spec.kind;
    let rounds = rounds.iter().filter(|round| round.meta.spec.kind == kind);
    rounds.filter(held).collect()
}
