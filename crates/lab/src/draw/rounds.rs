//! The requests of each kind of round of a world.

use super::{
    Scenario,
    coin::toss,
    random::Random,
    records::{DrawnRequest, cached_tokens, record},
    truth::AskedRow,
};
use dualround_model::{Arm, RequestRecord, RoundKind, RoundSpec};

/// A prompt of the world.
pub(super) struct Prompt {
    pub(super) tokens: u32,
    /// ln of its cold TTFT.
    pub(super) cold: f64,
    pub(super) hits: bool,
    pub(super) always_fails: bool,
}

/// A world whose rounds are drawn.
pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) prompts: &'a [Prompt],
    /// Which prompt each row is.
    pub(super) rows: &'a [usize],
}

/// A request before its own noise is drawn.
struct RowChances {
    /// ln that it is faster by than cold.
    gain: f64,
    /// It hits, whether that makes it faster or not.
    hit: bool,
    /// How often its like fails.
    failing: f64,
}

impl World<'_> {
    /// A cold round, a warm one, or one of an outer tier.
    pub(super) fn plain(&self, at: usize, spec: RoundSpec, random: &mut Random) -> Vec<AskedRow> {
        let by_round = self.scenario.by_round.as_ref();
        if let Some((even, odd)) = by_round.and_then(|rounds| rounds.get(at)) {
            let alternating = [*even, *odd].into_iter().cycle();
            let timed = self.rows.iter().zip(alternating);
            let timed = timed.map(|(row, ms)| AskedRow {
                ttft: Some(ms),
                hit: self.reports_hit(spec.kind, &self.prompts[*row]),
                place: None,
            });
            return timed.collect();
        }
        let shift = self.shift(at, random);
        let ln = self.scenario.ratio.ln();
        let (failing_cold, failing_warm) = self.scenario.failing;
        let rows = self.rows.iter().map(|row| {
            let prompt = &self.prompts[*row];
            let (gain, failing) = match spec.kind {
                RoundKind::Cold => (0.0, failing_cold),
                RoundKind::Warm if prompt.hits => (ln, failing_warm),
                // An outer tier gives back half of it.
                RoundKind::External if prompt.hits => (ln / 2.0, failing_warm),
                _ => (0.0, failing_warm),
            };
            let hit = self.reports_hit(spec.kind, prompt);
            let chances = RowChances { gain, hit, failing };
            self.row(at, prompt, shift, &chances, random)
        });
        rows.collect()
    }

    /// A mixed round: its coin, and what each arm meets.
    pub(super) fn mixed(&self, at: usize, random: &mut Random) -> Vec<AskedRow> {
        let shift = self.shift(at, random);
        let tossed = toss(self.rows, self.scenario.concurrency, random);
        let (failing_cold, failing_warm) = self.scenario.failing;
        let mut rows = Vec::new();
        for (row, place) in self.rows.iter().zip(tossed.places) {
            let prompt = &self.prompts[*row];
            let (found, failing) = match place.arm {
                Arm::Hit => (prompt.hits, failing_warm),
                Arm::Miss => (random.chance(self.scenario.misses_hit), failing_cold),
            };
            let chances = self.found(found, failing);
            let asked = self.row(at, prompt, shift, &chances, random);
            rows.push(AskedRow {
                place: Some(place),
                ..asked
            });
        }
        rows
    }

    /// A round without reuse.
    pub(super) fn without_reuse(&self, at: usize, random: &mut Random) -> Vec<AskedRow> {
        let shift = self.shift(at, random) + self.scenario.without_ratio.ln();
        let (failing, _) = self.scenario.failing;
        let mut rows = Vec::new();
        for row in self.rows {
            let found = random.chance(self.scenario.without_hits);
            let chances = self.found(found, failing);
            rows.push(self.row(at, &self.prompts[*row], shift, &chances, random));
        }
        rows
    }

    /// A request that a cache knows, or does not.
    fn found(&self, found: bool, failing: f64) -> RowChances {
        RowChances {
            gain: if found { self.scenario.ratio.ln() } else { 0.0 },
            hit: found && self.makes_hits(),
            failing,
        }
    }

    /// What the round at this place of the schedule takes longer as a whole, in ln.
    fn shift(&self, at: usize, random: &mut Random) -> f64 {
        let scenario = self.scenario;
        let step = if at == 0 { scenario.first_round } else { 0.0 };
        scenario.round_sigma * random.normal() + scenario.drift * at as f64 + step
    }

    /// One request, with what is its own.
    fn row(
        &self,
        at: usize,
        prompt: &Prompt,
        shift: f64,
        chances: &RowChances,
        random: &mut Random,
    ) -> AskedRow {
        let failing_here = match self.scenario.failing_round {
            Some((round, share)) if round == at => share,
            _ => 0.0,
        };
        let own = self.scenario.noise * random.normal();
        let fails =
            random.chance(chances.failing) || random.chance(failing_here) || prompt.always_fails;
        AskedRow {
            ttft: (!fails).then(|| (prompt.cold - chances.gain + shift + own).exp()),
            hit: chances.hit,
            place: None,
        }
    }

    fn makes_hits(&self) -> bool {
        self.scenario.ratio > 1.0 || self.scenario.idle_hits
    }

    fn reports_hit(&self, kind: RoundKind, prompt: &Prompt) -> bool {
        kind != RoundKind::Cold && prompt.hits && self.makes_hits()
    }

    /// The records that a run would have left of a round.
    pub(super) fn records(&self, asked: &[AskedRow], spec: RoundSpec) -> Vec<RequestRecord> {
        let sent = self.rows.iter().zip(asked).enumerate();
        let records = sent.map(|(index, (row, asked))| {
            let tokens = u64::from(self.prompts[*row].tokens);
            record(&DrawnRequest {
                index,
                prompt: *row,
                start_ms: index as f64 * 5000.0,
                ttft_ms: asked.ttft,
                tokens: Some(tokens),
                whole: false,
                cached: Some(if asked.hit { cached_tokens(tokens) } else { 0 }),
                tiers: None,
                shared_chars: 0,
                response_id: None,
                round: spec.number,
                mixed: asked.place,
            })
        });
        records.collect()
    }
}
