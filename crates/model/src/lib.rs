//! The vocabulary of dualround.
//!
//! Every other crate speaks in these types: the resolved [`Plan`], the [`Sample`]s and
//! [`PreparedRequest`]s it sends, the [`Stamp`]s and [`Timeline`] taken on the way, the
//! [`RequestRecord`] of each request, and the summaries and comparisons computed from records.
//! Nothing here measures, computes or prints.

#![deny(clippy::disallowed_methods)]

mod api;
mod arrivals;
mod cache_control;
mod calibration;
mod cold;
mod comparison;
mod dataset_plan;
mod ending;
mod engine;
mod evidence;
mod finding;
mod hex;
mod inside_reuse;
mod load;
mod max_load;
mod mixed;
mod network;
mod outcome;
mod plan;
mod price;
mod record;
mod round;
mod rounding;
mod row;
mod sample;
mod schedule;
mod secret;
mod secret_names;
mod server_times;
mod session;
mod session_units;
mod sessions_compared;
mod slo;
mod summary;
mod telemetry;
mod time;
mod until;
mod usage;
mod versus;
mod warning;
mod words;

pub use api::Api;
pub use arrivals::{ArrivalSummary, Backlog};
pub use cache_control::{
    CacheControl, CachePlan, ControlEffect, ControlReport, PromptCacheKey, least_cached_tokens,
};
pub use calibration::{
    Calibration, FlatOut, LevelCalibration, MetricError, RateCalibration, TrueTimes,
};
pub use cold::{
    CanaryReport, ColdAction, ColdMethod, ColdPlan, ColdPolicy, ColdVerdict, ResetCall,
    ResetOutcome, ResetProof, TEMPLATE_TOKENS, Verdict,
};
pub use comparison::{
    Answers, CacheHit, Comparison, Conclusion, ConclusionKind, ExternalTier, IntervalKind,
    LengthBucket, LevelComparison, MetricComparison, PartialPoint, PrefillModel, Reuse,
    RunEvidence, TierRate,
};
pub use dataset_plan::{DatasetPlan, EngineTokens, Keep, Sampling, TimestampUnit};
pub use ending::Ending;
pub use engine::{EngineDelta, EngineKind, EngineReport, LeftOut, TierCounters, TierDelta};
pub use evidence::{ChanceHits, Convention, Evidence, Expected};
pub use finding::{
    Allowance, AllowanceSource, CacheSeen, ChangeCaveat, ChangeReason, Class, ClassComparison,
    ColdFact, Diagnosis, Judging, LostPairs, NoPrefillLine, Overload, Reason, Remark, Repeated,
    Replayed, SeenBy, Source, Which, Withheld, Witness,
};
pub use hex::hex;
pub use inside_reuse::InsideReuse;
pub use load::{ArrivalRate, Arrivals, Load, Replay};
pub use max_load::{LoadBound, LoadProbe, LoadSide, LoadUnit, MaxLoad, MostLoad, ProbeVerdict};
pub use mixed::{Arm, BlockNeed, MixedFinding, MixedPlace};
pub use network::{NetworkPlan, ProxyPlan};
pub use outcome::{Failure, FailureKind, Outcome, Phase};
pub use plan::{
    Lang, LimitsPlan, OutputPlan, Plan, PrometheusPlan, RequestPlan, StoreText, Tables, Timeouts,
    TokenSourceChoice,
};
pub use price::{
    BreakEven, CacheWritePrices, CostComparison, CostGap, ModelPrices, PriceTable, Pricing,
    RoundCost, WriteTtl, WrittenTokens,
};
pub use record::{Flag, RequestRecord, Retry, StreamFacts, UnknownText};
pub use round::{
    ClientProbe, OpenLoopRound, PrefixCut, RoundMeta, RoundRun, RoundStop, Standstill, WorkerLoad,
};
pub use rounding::{three_digits, whole_up};
pub use row::{RequestRow, RequestRows, RowTurn};
pub use sample::{BodyDigest, PreparedEpoch, PreparedRequest, Sample, Selection};
pub use schedule::{RoundKind, RoundSpec, Schedule, ScheduleError};
pub use secret::Secret;
pub use secret_names::{authorises, masked_fields, secrets_of_fields};
pub use server_times::ServerTimes;
pub use session::{
    AnswerSource, GapFrom, NoAnswers, PinnedAnswers, SessionFacts, SessionFork, SessionJoin,
    SessionPlan, SessionTurn, ThinkTime, TurnGap, TurnHistory, TurnPlace, Turns, UnsentTurn,
};
pub use session_units::{SessionUnits, roots};
pub use sessions_compared::{ReplicaLoad, RoundOfSessions, SessionComparison, TurnFigures};
pub use slo::{Slo, SloError};
pub use summary::{
    CachedByTier, ClientHealth, FromDueMetrics, Goodput, MetricSummary, RequestMetricSample,
    RequestMetrics, RoundResult, RoundSummary, Stat, Tail, Tails,
};
pub use telemetry::{MetricKind, MetricTrack, Resolved, SeriesTrack, TrackPoint};
pub use time::{Stamp, StampSource, Timeline};
pub use until::{UntilPlan, UntilProgress};
pub use usage::{TokenSource, Usage};
pub use versus::{
    ChangeInterval, CostChange, Judgement, LevelChange, MetricChange, MissingLevel, RunChange,
};
pub use warning::{MissedLimit, TrafficSign, Warning};
pub use words::{CHARACTERS, WORDS};
