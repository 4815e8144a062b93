//! What every word of the results means, once: for `dualround explain`, the HTML report, and the
//! docs. Each text stands in English and Chinese.

mod caveats;
mod cold;
mod exits;
mod failures;
mod findings;
mod flags;
mod load;
mod metrics;

use crate::statistics::Statistic;
use dualround_model::Lang;

/// The part of the glossary that a term belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// A figure.
    Metric,
    /// A word of the load: how requests arrive.
    Load,
    /// A word of the cold–warm comparison.
    Comparison,
    /// What explains a result.
    Finding,
    /// A note below a table.
    Caveat,
    /// A kind of failure.
    Failure,
    /// A flag of a request.
    Flag,
    /// An exit code.
    ExitCode,
}

impl TermKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 8] = [
        Self::Metric,
        Self::Load,
        Self::Comparison,
        Self::Finding,
        Self::Caveat,
        Self::Failure,
        Self::Flag,
        Self::ExitCode,
    ];

    /// What such terms are called.
    pub fn title(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Metric, Lang::En) => "Metrics",
            (Self::Metric, Lang::Zh) => "指标",
            (Self::Load, Lang::En) => "Load",
            (Self::Load, Lang::Zh) => "负载",
            (Self::Comparison, Lang::En) => "Comparison",
            (Self::Comparison, Lang::Zh) => "冷热对比",
            (Self::Finding, Lang::En) => "Findings",
            (Self::Finding, Lang::Zh) => "发现",
            (Self::Caveat, Lang::En) => "Caveats",
            (Self::Caveat, Lang::Zh) => "注意",
            (Self::Failure, Lang::En) => "Failures",
            (Self::Failure, Lang::Zh) => "失败原因",
            (Self::Flag, Lang::En) => "Flags of requests",
            (Self::Flag, Lang::Zh) => "请求标记",
            (Self::ExitCode, Lang::En) => "Exit codes",
            (Self::ExitCode, Lang::Zh) => "退出码",
        }
    }

    fn table(self) -> &'static [Term] {
        match self {
            Self::Metric => metrics::TERMS,
            Self::Load => load::TERMS,
            Self::Comparison => cold::TERMS,
            Self::Finding => findings::TERMS,
            Self::Caveat => caveats::TERMS,
            Self::Failure => failures::TERMS,
            Self::Flag => flags::TERMS,
            Self::ExitCode => exits::TERMS,
        }
    }
}

/// A word of the results and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The name in the files, in lower case; of an exit code its digits.
    pub id: &'static str,
    title: [&'static str; 2],
    text: [&'static str; 2],
}

impl Term {
    /// What people call it.
    pub fn title(&self, lang: Lang) -> &'static str {
        lang.pick(self.title)
    }

    /// What it means.
    pub fn text(&self, lang: Lang) -> &'static str {
        lang.pick(self.text)
    }
}

/// A row of a table of terms: the id, then title and text in English and Chinese.
const fn term(
    id: &'static str,
    title: &'static str,
    title_zh: &'static str,
    text: &'static str,
    text_zh: &'static str,
) -> Term {
    Term {
        id,
        title: [title, title_zh],
        text: [text, text_zh],
    }
}

/// All terms of a kind.
pub fn terms(kind: TermKind) -> &'static [Term] {
    kind.table()
}

/// Names in the files that are another form of a term.
const ALIASES: &[(&str, &str)] = &[
    ("tpot", "itl"),
    ("request_rate", "rate"),
    ("gap_s", "gap_before"),
    ("think_time", "gap_before"),
    ("lost_turns", "ended_early"),
    ("cut_short", "ended_early"),
    ("overflowed", "ended_early"),
    ("reachable_tokens", "reachable"),
    ("open_loop", "rate"),
    ("overload_unknown", "overloaded"),
    ("backlog_grew", "overloaded"),
    ("waited_at_client", "due"),
    ("burstiness", "arrival"),
    ("poisson", "arrival"),
    ("backlog_middle", "backlog"),
    ("backlog_end", "backlog"),
    ("inter_token_latency", "itl"),
    ("time_to_first_token", "ttft"),
    ("inter_chunk_latency", "icl"),
    ("time_to_first_output_token", "ttfo"),
    ("e2e_latency", "latency"),
    ("hit_rate", "cache_hit_rate"),
    ("prefix_cache", "cache_hit_rate"),
    ("slo", "goodput"),
    ("duration_seconds", "duration"),
    ("local_cached_tokens", "cached_tokens"),
    ("external_cached_tokens", "cached_tokens"),
    ("written_known_requests", "written_tokens"),
    ("cost_total", "cost"),
    ("cost_saved_by_hits", "cost"),
    ("saved_by_hits", "cost"),
    ("cache_control", "cache_fields"),
    ("prompt_cache_key", "cache_fields"),
    ("prompt_cache_retention", "cache_fields"),
    ("goodput_requests", "goodput"),
    ("goodput_request_rate", "goodput"),
    ("request_goodput", "goodput_request_throughput"),
    ("goodput_token_rate", "goodput"),
    ("goodput_token_throughput", "goodput"),
    ("goodput_tokens", "goodput"),
    ("interval_low", "interval"),
    ("interval_high", "interval"),
    ("fit", "prefill"),
    ("percentile", "percentiles"),
    ("prompt", "prompts"),
    ("allowed_interval", "interval"),
    ("allowed", "interval"),
    ("t_cycles", "interval"),
    ("cw", "source"),
    ("cwc", "source"),
    ("cwcw", "source"),
    ("cycles", "source"),
    ("drift", "reason"),
    ("wide_bound", "reason"),
    ("across_margin", "reason"),
    ("few_prompts", "reason"),
    ("interval_kind", "interval"),
    ("spread_low", "spread"),
    ("spread_high", "spread"),
    ("cold_typical", "typical"),
    ("warm_typical", "typical"),
    ("ratio_median", "ratio"),
    ("round_noise", "allowance"),
    ("p90_upper", "tails"),
    ("p95_upper", "tails"),
    ("p99_upper", "tails"),
    ("evicted", "evicted_capacity"),
    ("another_replica", "replicas"),
    ("store_not_finished", "store_not_finished_later"),
    ("finding", "findings"),
    ("diagnosis", "findings"),
    ("usage", "witness"),
    ("counters", "witness"),
    ("partly", "witness"),
    ("contradicted", "witness"),
    ("nobody", "witness"),
    ("control", "allowance"),
    ("flag", "allowance"),
    ("default", "allowance"),
    ("hit", "classes"),
    ("miss", "classes"),
    ("better", "judgement"),
    ("worse", "judgement"),
    ("same", "judgement"),
    ("cache_works", "conclusion"),
    ("slower", "conclusion"),
    ("faster", "conclusion"),
    ("verified_cold", "cold"),
    ("text_marker", "marker"),
    ("engine_salt", "salt"),
    ("excess", "evidence"),
    ("nothing_done", "evidence"),
    ("sent_before", "evidence"),
    ("reset_accepted", "evidence"),
    ("reset_proven", "evidence"),
    ("reset_proof_failed", "evidence"),
    ("reset_unproven", "evidence"),
    ("canary_replayed", "evidence"),
    ("canary_missed", "evidence"),
    ("canary_hit", "evidence"),
    ("canary_silent", "evidence"),
    ("other_salt", "evidence"),
    ("other_marker", "evidence"),
    ("replayed", "evidence"),
    ("may_be_replays", "evidence"),
    ("none_succeeded", "evidence"),
    ("not_reported", "evidence"),
    ("too_short", "evidence"),
    ("marker_in_doubt", "evidence"),
    ("characters_only", "evidence"),
    ("half_of_one", "evidence"),
    ("known_for_few", "evidence"),
    ("no_value", "reason"),
    ("no_cached_tokens", "reason"),
    ("few_rounds", "reason"),
    ("no_ratio", "reason"),
    ("unequal_answers", "reason"),
    ("other_answers", "reason"),
    ("other_prompts", "reason"),
    ("lengths_unknown", "reason"),
    ("hits", "cache_hit_rate"),
    ("p50", "percentiles"),
    ("p90", "percentiles"),
    ("p95", "percentiles"),
    ("p99", "percentiles"),
    ("中位数", "percentiles"),
    ("尾部延迟", "percentiles"),
    ("吞吐量", "token_throughput"),
    ("满足_slo_的请求数", "goodput"),
    ("满足_slo_的_tokens", "goodput"),
    ("平均输入_tokens", "input_tokens"),
    ("平均输出_tokens", "output_tokens"),
    ("报告缓存命中的请求数", "cached_tokens"),
    ("配对数", "pairs"),
    ("热轮更快占比", "improved_share"),
    ("冷启动", "cold"),
    ("冷轮判定", "cold"),
    ("冷热循环", "source"),
    ("失败", "failures"),
    ("缓存有效", "conclusion"),
    ("不下结论", "withheld"),
    ("命中率", "cache_hit_rate"),
    ("污染", "contaminated"),
    ("impossible", "impossible_usage"),
];

/// Looks a word up as people write it: any case, with spaces or dashes, with a statistic before it
/// (`p99_ttft`) or a unit behind it (`ttft_ms`).
pub fn explain(word: &str) -> Option<(TermKind, &'static Term)> {
    let plain = plain(word);
    if plain
        .strip_prefix("http_")
        .is_some_and(|code| code.parse::<u16>().is_ok())
    {
        return explain("http_status");
    }
    let bare = Statistic::ALL
        .into_iter()
        .find_map(|statistic| plain.strip_prefix(statistic.key())?.strip_prefix('_'));
    // The most literal reading first: a name that begins like a statistic may be a term itself.
    by_id(&plain)
        .or_else(|| by_id(plain.trim_end_matches("_ms")))
        .or_else(|| {
            if plain.contains("_upper_") {
                by_id("tails")
            } else {
                None
            }
        })
        .or_else(|| by_id(bare?))
        .or_else(|| by_title(&plain))
}

/// The term with this name in the files, or with another form of it.
fn by_id(name: &str) -> Option<(TermKind, &'static Term)> {
    let id = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, id)| id);
    find_term(|term| term.id == id)
}

/// The term that people call so, in either language: by its title, or by a part of one such as
/// `TTFT（首 token 延迟）`.
fn by_title(plain_title: &str) -> Option<(TermKind, &'static Term)> {
    let is_part = |title: &str| {
        let mut parts = title.split(['（', '）', '(', ')', '，']);
        parts.any(|part| plain(part.trim_start_matches('即')) == plain_title)
    };
    find_term(|term| term.title.iter().any(|title| plain(title) == plain_title))
        .or_else(|| find_term(|term| term.title.iter().any(|title| is_part(title))))
}

fn find_term(is_it: impl Fn(&Term) -> bool) -> Option<(TermKind, &'static Term)> {
    TermKind::ALL.into_iter().find_map(|kind| {
        let found = terms(kind).iter().find(|term| is_it(term))?;
        Some((kind, found))
    })
}

fn plain(word: &str) -> String {
    word.trim()
        .trim_start_matches('-')
        .to_lowercase()
        .replace([' ', '-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::{FailureKind, Flag};

    #[test]
    fn words_are_found_as_people_write_them() {
        for (word, id) in [
            ("TTFT", "ttft"),
            ("ttft_ms", "ttft"),
            ("p99_ttft", "ttft"),
            ("TPOT", "itl"),
            ("cache hit rate", "cache_hit_rate"),
            ("http_503", "http_status"),
            ("timeout-idle", "timeout_idle"),
            ("缓存命中率", "cache_hit_rate"),
            ("首 token 延迟", "ttft"),
            ("Token 间延迟", "itl"),
            ("总延迟", "latency"),
            ("吞吐量", "token_throughput"),
            ("P99", "percentiles"),
            ("满足 SLO 的请求数", "goodput"),
            ("有效吞吐量", "goodput"),
            ("唯一前缀", "marker"),
            ("4", "4"),
        ] {
            assert_eq!(explain(word).map(|(_, term)| term.id), Some(id), "{word}");
        }
        assert!(explain("nothing of the kind").is_none());
    }

    #[test]
    fn terms_are_whole_and_stand_once() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in TermKind::ALL {
            for term in terms(kind) {
                assert!(seen.insert(term.id), "{} stands twice", term.id);
                for text in term.title.iter().chain(&term.text) {
                    assert!(!text.is_empty(), "{}", term.id);
                }
                let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
                assert!(term.text[1].contains(chinese), "{}", term.id);
                assert!(!term.text[0].contains(chinese), "{}", term.id);
            }
        }
        for (alias, id) in ALIASES {
            assert!(seen.contains(id) && !seen.contains(alias), "{alias}");
        }
    }

    /// The names of an enum's variants as the files have them.
    fn codes(source: &str, enumeration: &str) -> Vec<String> {
        let head = format!("pub enum {enumeration} {{");
        let lines = source.lines().skip_while(|line| *line != head);
        let lines = lines.take_while(|line| *line != "}");
        let variants = lines.filter_map(|line| {
            let name = line.strip_prefix("    ")?;
            let end = name.find(|c: char| !c.is_alphanumeric())?;
            let first = name.chars().next()?;
            first.is_uppercase().then(|| name[..end].to_owned())
        });
        let snake = |name: String| {
            let mut code = String::new();
            for c in name.chars() {
                if c.is_uppercase() && !code.is_empty() {
                    code.push('_');
                }
                code.extend(c.to_lowercase());
            }
            code
        };
        variants.map(snake).collect()
    }

    #[test]
    fn every_caveat_and_finding_is_explained() {
        let warnings = codes(include_str!("../../../model/src/warning.rs"), "Warning");
        let diagnoses = include_str!("../../../model/src/finding/diagnosis.rs");
        let remarks = include_str!("../../../model/src/finding/remark.rs");
        let (diagnoses, remarks) = (codes(diagnoses, "Diagnosis"), codes(remarks, "Remark"));
        assert!(warnings.len() > 20 && diagnoses.len() > 20 && remarks.len() > 5);
        let facts = include_str!("../../../model/src/finding/cold_fact.rs");
        let witnesses = include_str!("../../../model/src/finding/witness.rs");
        let changes = include_str!("../../../model/src/finding/change.rs");
        let others = [
            codes(facts, "ColdFact"),
            codes(witnesses, "Witness"),
            codes(changes, "ChangeReason"),
        ];
        assert!(others.iter().all(|codes| codes.len() > 4));
        let all = warnings.iter().chain(&diagnoses).chain(&remarks);
        for code in all.chain(others.iter().flatten()) {
            assert!(explain(code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_failure_kind_and_flag_is_explained() {
        for kind in FailureKind::named() {
            let name = kind.to_string();
            assert_eq!(
                explain(&name).map(|(kind, _)| kind),
                Some(TermKind::Failure),
                "{name}"
            );
        }
        for flag in Flag::ALL {
            assert_eq!(
                explain(flag.name()).map(|(_, term)| term.id),
                Some(flag.name())
            );
        }
    }
}
