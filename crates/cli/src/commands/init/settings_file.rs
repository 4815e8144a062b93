//! `dualround.yaml`: settings that suit a server, each with its reason.

use super::{fit::OUTPUT, is_secret};
use crate::{
    args::GivenSetting,
    commands::{check_endpoint::LookedAt, endpoint_words::repetition},
};
use dualround_loadgen::redact_url;
use dualround_model::{Api, EngineKind, Lang};
use serde_json::{Value, json};
use std::fmt::Write;

/// What of the server goes into the file.
pub(super) struct SeenServer {
    /// The model that is asked.
    model: String,
    /// The engine, with its version where it tells.
    engine: String,
    /// A page of metrics was seen.
    has_metrics: bool,
    /// The API's own fields for lengths are known to the engine.
    takes_lengths: bool,
    /// A service that keeps only what it is asked to keep would look like this.
    unasked: bool,
    /// How rounds are made cold, where the canary proved it.
    salt: Option<String>,
    /// The canary was sent and answered.
    was_asked: bool,
    /// What the canary said of hits.
    said: [String; 2],
    /// It is a hosted service, whose tokens are paid for.
    is_paid: bool,
}

/// What of a server that was looked at goes into the file.
pub(super) fn seen_of(looked: &LookedAt) -> SeenServer {
    let plan = looked.session.plan();
    let engines = looked.session.engines();
    let api = plan.api();
    let canary = looked.canary.report();
    let first = engines.first();
    let kind = first.map_or(EngineKind::Unknown, |one| one.kind);
    let version = first.and_then(|one| one.version.clone());
    let own_fields = matches!(api, Api::Chat | Api::Completions);
    SeenServer {
        model: plan.model.clone(),
        engine: format!("{} {}", kind.name(), version.unwrap_or_default())
            .trim_end()
            .to_owned(),
        has_metrics: engines
            .iter()
            .any(|one| !one.tiers.is_empty() || one.processed.is_some() || one.running.is_some()),
        takes_lengths: own_fields && !matches!(kind, EngineKind::Hosted | EngineKind::Unknown),
        unasked: canary.is_some_and(|canary| canary.unasked && canary.found() == Some(false)),
        salt: canary.and_then(|canary| canary.salt_field.clone()),
        was_asked: canary.is_some(),
        said: canary.map_or_else(not_sent, repetition),
        is_paid: kind == EngineKind::Hosted,
    }
}

/// In the place of what the canary would have said.
fn not_sent() -> [String; 2] {
    ["no canary was sent", "未发送探测请求"].map(str::to_owned)
}

/// The file.
pub(super) struct SettingsFile<'a> {
    /// The address, as the user wrote it.
    pub(super) endpoint: &'a str,
    /// The data set that was made.
    pub(super) prompts: Option<&'a str>,
    /// What the user gave, which goes before what suits.
    pub(super) given: Vec<GivenSetting>,
    /// The server.
    pub(super) seen: SeenServer,
    /// Of the comments.
    pub(super) lang: Lang,
}

/// Why a setting stands there that the user gave.
const GIVEN: [&str; 2] = ["As it was given.", "按所给的值。"];

/// A setting that the file has, unless the user gave another value of it.
#[derive(Clone)]
struct FileEntry {
    key: &'static str,
    /// `None`: it may hold a secret.
    value: Option<Value>,
    why: [String; 2],
}

impl SettingsFile<'_> {
    /// Whether something was given that no file is to hold.
    pub(super) fn has_secrets(&self) -> bool {
        let secret = self.given.iter().any(|one| one.value.is_none());
        secret || is_secret(self.endpoint)
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        let mut out = self.heading();
        let entries = self.entries();
        for entry in &entries {
            match self.given(entry.key) {
                // What speaks for another value speaks not for this one.
                Some(one) => self.put(
                    &mut out,
                    one.name,
                    one.value.as_ref(),
                    self.lang.pick(GIVEN),
                ),
                None => {
                    let why = self.lang.pick(entry.why.clone());
                    self.put(&mut out, entry.key, entry.value.as_ref(), &why);
                }
            }
        }
        let own = |name: &str| entries.iter().any(|entry| entry.key == name);
        let mut others = self.given.iter().filter(|one| !own(one.name));
        if let Some(first) = others.next() {
            self.put(
                &mut out,
                first.name,
                first.value.as_ref(),
                self.lang.pick(GIVEN),
            );
            for one in others {
                let _ = writeln!(out, "{}", self.row(one.name, one.value.as_ref()));
            }
        }
        out.push('\n');
        for text in self.lang.pick(FURTHER) {
            let _ = writeln!(out, "{text}");
        }
        out
    }

    fn heading(&self) -> String {
        let (endpoint, seen) = (redact_url(self.endpoint), &self.seen);
        let [said, said_zh] = &seen.said;
        let engine = &seen.engine;
        let folder = self.given_value("output_dir").and_then(Value::as_str);
        let folder = folder.unwrap_or("results");
        self.lang.pick([
            format!(
                "# Settings for {endpoint}, written by `dualround init`.\n\
                 # Run them: dualround run --config dualround.yaml (then open {folder}/report.html)\n\
                 # Each key is a flag (max_output_tokens is --max-output-tokens); flags win. All of them: dualround run --help\n\
                 # Seen: {engine}; {said}\n"
            ),
            format!(
                "# {endpoint} 的设置，由 `dualround init` 写出。\n\
                 # 运行：dualround run --config dualround.yaml（完成后打开 {folder}/report.html）\n\
                 # 每个键即一个参数（max_output_tokens 即 --max-output-tokens），命令行优先。全部参数：dualround run --help\n\
                 # 所见：{engine}；{said_zh}\n"
            ),
        ])
    }

    /// The settings that the file has in any case, in the order in which one reads them.
    fn entries(&self) -> Vec<FileEntry> {
        let parts = [
            self.about_requests(),
            self.about_rounds(),
            self.about_answers(),
        ];
        let mut all = parts.concat();
        all.retain(|entry| !self.is_ruled_out(entry.key));
        all
    }

    /// A setting that was given stands in the place of this one, or does not go with it.
    fn is_ruled_out(&self, key: &str) -> bool {
        let by = match key {
            "rounds" => "until",
            "cold" => "reset_cache_url",
            "prometheus_metrics" => "no_probe",
            _ => return false,
        };
        self.given(by).is_some()
    }

    /// A setting that was given.
    fn given(&self, name: &str) -> Option<&GivenSetting> {
        self.given.iter().find(|one| one.name == name)
    }

    /// Its value.
    fn given_value(&self, name: &str) -> Option<&Value> {
        self.given(name)?.value.as_ref()
    }

    /// Where requests go, and what they hold.
    fn about_requests(&self) -> Vec<FileEntry> {
        let seen = &self.seen;
        let mut out = vec![
            FileEntry {
                key: "endpoint",
                value: (!is_secret(self.endpoint)).then(|| json!(self.endpoint)),
                why: ["Where requests go.", "请求发往何处。"].map(str::to_owned),
            },
            entry(
                "model",
                json!(seen.model),
                ["As the server lists it.", "以服务列出的名称为准。"],
            ),
        ];
        if let Some(prompts) = self.prompts {
            out.push(entry(
                "dataset",
                json!(prompts),
                [
                    "Made text, none of it shared between prompts. Your own prompts tell more: JSONL, ShareGPT, CSV, Parquet, traces; `dualround check dataset FILE` shows how a file is read.",
                    "合成文本，提示词之间不共享。换成自己的数据更有说服力：JSONL、ShareGPT、CSV、Parquet、trace；`dualround check dataset FILE` 显示文件如何读取。",
                ],
            ));
        }
        if seen.unasked {
            out.push(entry(
                "cache_control",
                json!("5m"),
                [
                    "No hit was seen without it: this service may keep only what it is asked to keep.",
                    "不带该字段时没有命中：该服务可能只缓存被要求缓存的内容。",
                ],
            ));
        }
        out
    }

    /// How often, and how many at once.
    fn about_rounds(&self) -> Vec<FileEntry> {
        let (levels, rounds, why) = if self.seen.is_paid {
            (
                json!([1]),
                "CWC",
                [
                    "C: cold, W: the same requests again. Three cycles (CWCWCW) are surer, and cost twice as much.",
                    "C：冷轮，W：同样的请求再来一遍。三个冷热循环（CWCWCW）更可靠，费用也加倍。",
                ],
            )
        } else {
            (
                json!([1, 4]),
                "CWCWCW",
                [
                    "C: cold, W: the same requests again. Three cycles give an interval that holds beyond one run; CW is three times as quick.",
                    "C：冷轮，W：同样的请求再来一遍。三个冷热循环给出的区间不限于这一次运行；CW 只需三分之一的时间。",
                ],
            )
        };
        let concurrency = [
            "Requests in flight, a level each.",
            "并发数，每个值为一个负载级别。",
        ];
        let mut out = vec![
            entry("concurrency", levels, concurrency),
            entry("rounds", json!(rounds), why),
        ];
        out.extend(self.cold_words().map(|why| FileEntry {
            key: "cold",
            value: Some(json!("auto")),
            why,
        }));
        out
    }

    /// How answers are bounded, and what else is looked at.
    fn about_answers(&self) -> Vec<FileEntry> {
        let seen = &self.seen;
        let mut out = vec![entry(
            "max_output_tokens",
            json!(self.output_tokens()),
            [
                "A cache changes TTFT; longer answers only take longer.",
                "缓存影响的是 TTFT；输出更长只会更慢。",
            ],
        )];
        if seen.takes_lengths {
            out.push(entry(
                "ignore_eos",
                json!(true),
                [
                    "Answers of one length, so that latency can be compared too.",
                    "输出长度一致，总延迟才可比较。",
                ],
            ));
        }
        out.push(entry(
            "temperature",
            json!(0),
            [
                "The same answer to the same prompt, as far as the engine can.",
                "相同的提示词得到相同的输出（以引擎所能为限）。",
            ],
        ));
        if seen.has_metrics {
            out.push(entry(
                "prometheus_metrics",
                json!(["auto"]),
                [
                    "The engine's own metrics beside the client's; `dualround check metrics URL` lists all.",
                    "引擎自身的指标，与客户端的并列；`dualround check metrics URL` 列出全部。",
                ],
            ));
        }
        out.push(entry(
            "seed",
            json!(super::SEED),
            ["The same draws in every run.", "每次运行抽样相同。"],
        ));
        out
    }

    /// As long as the answers may be, and no shorter than they must be.
    fn output_tokens(&self) -> u64 {
        let least = self.given_value("min_output_tokens");
        least.and_then(Value::as_u64).unwrap_or(0).max(OUTPUT)
    }

    /// How rounds are made cold here.
    fn cold_words(&self) -> Option<[String; 2]> {
        let by = match (&self.seen.salt, self.seen.was_asked) {
            (Some(field), _) => [
                format!("Every cold round has a value of its own in the field {field}, which the canary showed to separate."),
                format!("每个冷轮在字段 {field} 中使用各自的值；探测请求表明它能隔离缓存。"),
            ],
            (None, true) => [
                "Every cold round has eight words of its own before each prompt; the server's cache is not emptied.".to_owned(),
                "每个冷轮在每个提示词前加八个自己的词（唯一前缀）；不会清空服务的缓存。".to_owned(),
            ],
            (None, false) => return None,
        };
        Some(by)
    }

    fn put(&self, out: &mut String, key: &str, value: Option<&Value>, why: &str) {
        let _ = write!(out, "\n# {why}\n{}\n", self.row(key, value));
    }

    fn row(&self, key: &str, value: Option<&Value>) -> String {
        let secret = self
            .lang
            .pick(["not written: it may hold a secret", "不写入：可能含有密钥"]);
        match value {
            Some(value) => format!("{key}: {value}"),
            None => format!("# {key}:  # {secret}"),
        }
    }
}

fn entry(key: &'static str, value: Value, why: [&str; 2]) -> FileEntry {
    FileEntry {
        key,
        value: Some(value),
        why: why.map(str::to_owned),
    }
}

/// What one may want next.
const FURTHER: [[&str; 4]; 2] = [
    [
        "# Further, as you need it:",
        "# slo_file: slo.yaml       limits for goodput, in that file slo: {ttft_ms: 500, itl_ms: 50}",
        "# require_cold: true       exit code 4 where a cold round was not proven cold (for CI)",
        "# fail_if: [\"ttft.ratio < 2\"]   exit code 4 where the cache is worth less (for CI)",
    ],
    [
        "# 按需加上：",
        "# slo_file: slo.yaml       有效吞吐量的限值：slo: {ttft_ms: 500, itl_ms: 50}",
        "# require_cold: true       冷轮未被证实为冷时退出码为 4（用于 CI）",
        "# fail_if: [\"ttft.ratio < 2\"]   缓存收益低于该值时退出码为 4（用于 CI）",
    ],
];
