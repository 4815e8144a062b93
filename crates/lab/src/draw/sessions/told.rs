//! What records, counters, engines and the canary tell of a world of sessions.

use super::{
    play::{Played, TurnEnd, is_too_long},
    scenario::{SessionScenario, TooLong, TurnCounters, TurnUsage},
    talks::{DrawnTurn, common},
};
use crate::draw::records::{DrawnRequest, ns, record, round_meta};
use dualround_model::{
    CanaryReport, ColdAction, ColdMethod, EngineDelta, EngineKind, EngineReport, Failure,
    FailureKind, Outcome, Phase, RequestRecord, RoundKind, RoundMeta, RoundRun, RoundSpec,
    RunEvidence, TierDelta, TurnPlace, UnsentTurn,
};

/// Tokens of the canary's text.
const CANARY_TOKENS: u64 = 1500;
/// Characters by which beginnings are compared.
const STEP: u64 = 64;

impl SessionScenario {
    /// The answer to the request at this place tells its hits.
    pub(super) fn tells(&self, at: usize) -> bool {
        match self.usage {
            TurnUsage::Explicit => true,
            TurnUsage::EverySecond => at.is_multiple_of(2),
            TurnUsage::Silent => false,
        }
    }

    /// Replicas whose counters are read.
    fn read(&self) -> usize {
        let missing = u32::from(self.counters == TurnCounters::OneMissing);
        (self.replicas - missing) as usize
    }

    /// Replicas that are named behind a gateway; none where one engine is asked itself.
    pub(super) fn replicas_named(&self) -> u32 {
        if self.replicas > 1 {
            u32::try_from(self.read()).unwrap_or(u32::MAX)
        } else {
            0
        }
    }

    /// How the cold round is made cold.
    fn action(&self) -> ColdAction {
        ColdAction {
            method: if self.salted {
                ColdMethod::Salt
            } else {
                ColdMethod::Marker
            },
            marker_tokens: (!self.salted).then_some(0),
            ..ColdAction::default()
        }
    }
}

fn base(engine: usize) -> String {
    format!("http://engine-{engine}")
}

/// A round as a run would have left it.
pub(super) fn run(
    scenario: &SessionScenario,
    turns: &[DrawnTurn],
    spec: RoundSpec,
    played: &[Played],
) -> RoundRun {
    let mut records: Vec<RequestRecord> = Vec::new();
    for (place, one) in played.iter().enumerate() {
        let earlier = &played[..place];
        records.push(request(scenario, turns, spec, one, earlier));
    }
    records.sort_by_key(|record| record.index);
    RoundRun {
        meta: meta(scenario, turns, spec, played),
        records,
    }
}

fn meta(
    scenario: &SessionScenario,
    turns: &[DrawnTurn],
    spec: RoundSpec,
    played: &[Played],
) -> RoundMeta {
    let times = || played.iter().map(|one| one.start_ms);
    let began = times().fold(f64::INFINITY, f64::min);
    let ended = played.iter().map(|one| one.end_ms).fold(0.0, f64::max);
    RoundMeta {
        started_ns: if began.is_finite() { ns(began) } else { 0 },
        ended_ns: ns(ended),
        interrupted: false,
        too_long: too_long(scenario, turns),
        engines: counters(scenario, turns, played),
        ..round_meta(
            scenario.users,
            spec,
            turns.len(),
            played.len(),
            scenario.action(),
        )
    }
}

/// The first turn of each session that states more than the context has.
fn too_long(scenario: &SessionScenario, turns: &[DrawnTurn]) -> Vec<UnsentTurn> {
    let mut found: Vec<UnsentTurn> = Vec::new();
    if scenario.too_long != TooLong::Stated {
        return found;
    }
    for turn in turns.iter().filter(|turn| is_too_long(scenario, turn)) {
        if found.iter().all(|one| one.session != turn.session) {
            found.push(UnsentTurn {
                session: turn.session,
                turn: turn.turn,
            });
        }
    }
    found
}

fn request(
    scenario: &SessionScenario,
    turns: &[DrawnTurn],
    spec: RoundSpec,
    one: &Played,
    earlier: &[Played],
) -> RequestRecord {
    let turn = &turns[one.at];
    let mut made = record(&DrawnRequest {
        index: one.at,
        prompt: one.at,
        start_ms: one.start_ms,
        ttft_ms: (one.end == TurnEnd::Answered).then_some(one.ttft_ms),
        tokens: Some(turn.tokens()),
        whole: false,
        cached: scenario.tells(one.at).then_some(one.cached),
        tiers: None,
        // Behind values of their own they share nothing.
        shared_chars: if spec.kind == RoundKind::NoReuse {
            0
        } else {
            shared_chars(scenario, turns, one, earlier)
        },
        response_id: None,
        round: spec.number,
        mixed: None,
    });
    made.turn = Some(TurnPlace {
        session: turn.session,
        turn: turn.turn,
        name: format!("s{}", turn.session).into(),
        of: turn.of,
        unit: None,
        on_pinned: scenario.answer == 0 && turn.turn > 1 && one.again,
    });
    if one.end == TurnEnd::TooLong {
        let kind = match scenario.too_long {
            TooLong::ByCode => FailureKind::ContextOverflow,
            TooLong::InWords | TooLong::Stated => FailureKind::Http(400),
        };
        made.stream.status = Some(400);
        made.outcome = Outcome::Failed(Failure {
            kind,
            phase: Phase::Head,
            message: "too long".to_owned(),
            status: Some(400),
        });
    }
    made
}

/// Characters that a prompt begins with like one that was made before, in whole steps.
fn shared_chars(
    scenario: &SessionScenario,
    turns: &[DrawnTurn],
    one: &Played,
    earlier: &[Played],
) -> u64 {
    let own = &turns[one.at].ids;
    let shared = earlier
        .iter()
        .map(|other| common(own, &turns[other.at].ids));
    // The template is not text.
    let tokens = shared
        .max()
        .unwrap_or(0)
        .saturating_sub(scenario.template as usize);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "characters of a prompt"
    )]
    let chars = (tokens as f64 * scenario.chars_per_token) as u64;
    chars / STEP * STEP
}

/// What each replica that is named had, where together they saw what was sent and all of it is known.
pub(super) fn named_loads(
    scenario: &SessionScenario,
    turns: &[DrawnTurn],
    played: &[Played],
) -> Option<Vec<f64>> {
    let named = scenario.replicas_named() as usize;
    let all_answered = played.iter().all(|one| one.end == TurnEnd::Answered);
    if named < 2 || !all_answered {
        return None;
    }
    let deltas = counters(scenario, turns, played);
    let loads: Vec<f64> = deltas
        .iter()
        .filter_map(|delta| delta.tiers.first()?.queries)
        .collect();
    let sent: u64 = played.iter().map(|one| turns[one.at].tokens()).sum();
    let (seen, sent): (f64, f64) = (loads.iter().sum(), sent as f64);
    let fits = (seen - sent).abs() <= 0.02 * sent + 64.0;
    (loads.len() == named && fits).then_some(loads)
}

fn counters(
    scenario: &SessionScenario,
    turns: &[DrawnTurn],
    played: &[Played],
) -> Vec<EngineDelta> {
    if scenario.counters == TurnCounters::None {
        return Vec::new();
    }
    let mut deltas = Vec::new();
    for engine in 0..scenario.read() {
        let (mut sent, mut hits) = (0.0, 0.0);
        let mine = played.iter().filter(|one| one.engine == engine);
        for one in mine.filter(|one| one.end == TurnEnd::Answered) {
            sent += turns[one.at].tokens() as f64;
            hits += one.cached as f64;
        }
        if scenario.counters == TurnCounters::OtherTraffic {
            (sent, hits) = (3.0 * sent + 5000.0, 3.0 * hits);
        }
        deltas.push(EngineDelta {
            base: base(engine),
            tiers: vec![TierDelta {
                tier: "local".to_owned(),
                hits: Some(hits),
                queries: Some(sent),
            }],
            ..EngineDelta::default()
        });
    }
    deltas
}

/// What was known of canary and engines before the rounds.
pub(super) fn known(scenario: &SessionScenario) -> RunEvidence {
    let gateway = EngineReport::new(EngineKind::Unknown, "http://gateway".to_owned());
    let gateway = (scenario.replicas > 1).then_some(gateway);
    let engines = (0..scenario.read().max(1)).map(|at| EngineReport {
        block_tokens: scenario.block_known.then_some(u64::from(scenario.block)),
        ..EngineReport::new(EngineKind::Unknown, base(at))
    });
    RunEvidence {
        canary: canary(scenario),
        engines: gateway.into_iter().chain(engines).collect(),
        ..RunEvidence::default()
    }
}

fn canary(scenario: &SessionScenario) -> Option<CanaryReport> {
    if !scenario.canary {
        return None;
    }
    let tells = scenario.usage != TurnUsage::Silent;
    let block = u64::from(scenario.block);
    let shared = u64::from(scenario.template) / block * block;
    let template = if scenario.cache && !scenario.salted {
        shared
    } else {
        0
    };
    let again = if scenario.cache {
        (CANARY_TOKENS - 1) / block * block
    } else {
        0
    };
    let told = |tokens| tells.then_some(tokens);
    Some(CanaryReport {
        prompt_tokens: Some(CANARY_TOKENS),
        first: told(template),
        repeated: told(again),
        other_marker: told(template),
        other_counted: true,
        other_text: if scenario.salted { told(shared) } else { None },
        salt_field: scenario.salted.then(|| "cache_salt".to_owned()),
        replayed: false,
        written: None,
        control: None,
        unasked: false,
    })
}
