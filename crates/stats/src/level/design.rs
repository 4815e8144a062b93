//! Which rounds of a level stand against which: the row of the table in docs/en/method/speed.md.

use crate::level::pairs::matched;
use dualround_model::{
    ColdMethod, RequestRow, RoundKind, RoundResult, Source, UntilPlan, UntilProgress,
};

/// A repeat of a round counts when it holds this share of the requests of the pair.
const REPEAT_SHARE: f64 = 0.9;
/// A cycle counts when it holds this share of the pairs of the fullest one: one that was cut short
/// would have the weight of a whole one.
pub(crate) const CYCLE_SHARE: f64 = 0.5;

/// A cold round and a warm one of its epoch.
pub(crate) type Cycle<'a> = (&'a RoundResult, &'a RoundResult);

/// The rounds of a level that decide.
#[derive(Debug)]
pub(crate) struct Design<'a> {
    /// The row.
    pub(crate) source: Source,
    /// Each cold round with the first warm one of its epoch, as far as they count.
    pub(crate) cycles: Vec<Cycle<'a>>,
    /// The same whether they count or not: where pairs were lost.
    pub(crate) run: Vec<Cycle<'a>>,
    /// A repeat of a round, or a cycle, was left out: it held too few of the requests.
    pub(crate) left_out: bool,
    /// All rounds that count as cold, and as warm.
    all: [Vec<&'a RoundResult>; 2],
    /// Under [`Source::Cwc`]: the cold rounds whose mean is taken, in order.
    pub(crate) colds: Vec<&'a RoundResult>,
    /// The same of warm ones.
    pub(crate) warms: Vec<&'a RoundResult>,
    /// Cycles at most, where they are run until they decide.
    most_cycles: Option<u32>,
}

impl<'a> Design<'a> {
    /// The design of a level's rounds. Rounds without a pair take no part.
    pub(crate) fn of(rounds: &'a [RoundResult]) -> Self {
        let most_cycles = rounds.iter().find_map(|round| round.meta.most_cycles);
        let mut run = cycles(rounds);
        if most_cycles.is_some() {
            // Looks are at whole cycles.
            run.retain(|(cold, warm)| ended(cold) && ended(warm));
        }
        let cycles = whole(&run);
        let all = [RoundKind::Cold, RoundKind::Warm].map(|kind| {
            let alike = rounds.iter().filter(|round| role(rounds, round) == kind);
            alike.collect::<Vec<_>>()
        });
        let left_out = run.len() > cycles.len();
        let source = match cycles.len() {
            0 | 1 => Source::Cw,
            2 => Source::Cwcw,
            _ if most_cycles.is_some() => Source::Until,
            _ => Source::Cycles,
        };
        // Repeats are averaged beside one cycle alone: of several, each is an observation.
        let (true, Some((cold, warm))) = (cycles.len() == 1, cycles.first().copied()) else {
            return Self {
                all,
                run,
                left_out,
                most_cycles,
                ..Self::averaged(source, cycles)
            };
        };
        let colds = repeats(rounds, cold, (cold, warm));
        let warms = repeats(rounds, warm, (cold, warm));
        let used = colds.len() + warms.len();
        Self {
            source: if used > 2 { Source::Cwc } else { Source::Cw },
            cycles,
            left_out: left_out || used < all[0].len() + all[1].len(),
            run,
            all,
            colds,
            warms,
            most_cycles,
        }
    }

    /// Pairs of rounds that are judged as one pair each, whatever else was run.
    pub(crate) fn pairs(cycles: Vec<Cycle<'a>>) -> Self {
        Self::averaged(Source::Cw, cycles)
    }

    /// A design without repeats: of several cycles the mean is taken.
    fn averaged(source: Source, cycles: Vec<Cycle<'a>>) -> Self {
        Self {
            source,
            run: cycles.clone(),
            left_out: false,
            cycles,
            all: [Vec::new(), Vec::new()],
            colds: Vec::new(),
            warms: Vec::new(),
            most_cycles: None,
        }
    }

    /// The rounds that count as cold.
    pub(crate) fn cold_rounds(&self) -> impl Iterator<Item = &'a RoundResult> {
        self.all[0].iter().copied()
    }

    /// The rounds that count as warm.
    pub(crate) fn warm_rounds(&self) -> impl Iterator<Item = &'a RoundResult> {
        self.all[1].iter().copied()
    }

    /// The row decides by what cycles differ by, and allows for nothing beside it.
    pub(crate) fn is_by_cycles(&self) -> bool {
        matches!(self.source, Source::Cycles | Source::Until)
    }

    /// How many looks at the cycles there may be; one where nobody looks before the end.
    pub(crate) fn looks(&self) -> u32 {
        self.most_cycles.map_or(1, UntilPlan::looks)
    }

    /// How far a level came that is run until it is decided.
    pub(crate) fn until(&self, decided: bool) -> Option<UntilProgress> {
        let most = self.most_cycles?;
        // One that does not count was looked at too.
        let cycles = u32::try_from(self.run.len()).unwrap_or(u32::MAX);
        Some(UntilProgress {
            cycles,
            most,
            look: UntilPlan::looks(cycles),
            looks: UntilPlan::looks(most),
            decided: decided && self.source == Source::Until,
        })
    }

    /// A server that warms up in its first round shows: the cold round was repeated and held
    /// against the first one, or cycles vary by it.
    pub(crate) fn controls_warm_up(&self) -> bool {
        self.cycles.len() > 2 || self.colds.len() > 1
    }
}

/// A cold round of the schedule before which nothing was done, and which repeats the bytes of an
/// earlier one: it is warm by construction.
pub(crate) fn repeats_its_bytes(rounds: &[RoundResult], round: &RoundResult) -> bool {
    let method = round.meta.cold.as_ref().map(|action| action.method);
    let first = rounds
        .iter()
        .find(|one| one.meta.spec.kind == RoundKind::Cold);
    method == Some(ColdMethod::None) && first.is_some_and(|first| !std::ptr::eq(first, round))
}

/// It came to its end, or to that of a limit.
fn ended(round: &RoundResult) -> bool {
    !round.meta.interrupted || round.meta.stopped.is_some()
}

/// What a round counts as.
fn role(rounds: &[RoundResult], round: &RoundResult) -> RoundKind {
    match round.meta.spec.kind {
        RoundKind::Cold if repeats_its_bytes(rounds, round) => RoundKind::Warm,
        kind => kind,
    }
}

/// Each cold round with the first warm one before the next cold one, of the same load: one that only
/// filled the cache is held against nothing.
fn cycles(rounds: &[RoundResult]) -> Vec<Cycle<'_>> {
    let mut cycles = Vec::new();
    for (at, cold) in rounds.iter().enumerate() {
        if role(rounds, cold) != RoundKind::Cold {
            continue;
        }
        let rest = rounds[at + 1..].iter();
        let mut epoch = rest.take_while(|round| role(rounds, round) != RoundKind::Cold);
        let is_warm = |round: &&RoundResult| {
            role(rounds, round) == RoundKind::Warm && round.meta.load == cold.meta.load
        };
        if let Some(warm) = epoch.find(is_warm) {
            cycles.push((cold, warm));
        }
    }
    cycles
}

/// The cycles that hold enough pairs to count.
fn whole<'a>(run: &[Cycle<'a>]) -> Vec<Cycle<'a>> {
    let counts = run.iter().map(|(cold, warm)| matched(cold, warm).count());
    let counts: Vec<usize> = counts.collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let cycles = run.iter().zip(counts);
    cycles
        .filter(|(_, count)| *count > 0 && *count as f64 >= CYCLE_SHARE * most as f64)
        .map(|(cycle, _)| *cycle)
        .collect()
}

/// The rounds of one kind that hold nearly all requests of the pair, the pair's own among them.
fn repeats<'a>(
    rounds: &'a [RoundResult],
    own: &'a RoundResult,
    pair: Cycle<'a>,
) -> Vec<&'a RoundResult> {
    let kind = role(rounds, own);
    let alike = rounds.iter().filter(|round| role(rounds, round) == kind);
    alike
        .filter(|round| std::ptr::eq(*round, own) || holds_requests(round, pair))
        .collect()
}

/// Nearly all requests of a pair of rounds succeeded in this one, too.
fn holds_requests(round: &RoundResult, (cold, warm): Cycle<'_>) -> bool {
    let (mut there, mut all) = (0_u32, 0_u32);
    for (index, ..) in matched(cold, warm) {
        let row = round.requests.get(index);
        there += u32::from(row.is_some_and(RequestRow::is_success));
        all += 1;
    }
    f64::from(there) >= REPEAT_SHARE * f64::from(all)
}
