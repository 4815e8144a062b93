//! Hosted APIs: nothing but answers.

use super::{Observed, blank};
use dualround_model::{EngineKind, EngineReport};

/// Hosts, by the end of their names.
const HOSTS: [&str; 9] = [
    "openai.com",
    "anthropic.com",
    "deepseek.com",
    "mistral.ai",
    "x.ai",
    "openrouter.ai",
    "aliyuncs.com",
    "moonshot.cn",
    "googleapis.com",
];

pub(super) fn look(seen: &Observed) -> Option<EngineReport> {
    let host = seen.host.to_ascii_lowercase();
    let owner = HOSTS.into_iter().find(|owner| is_host_of(&host, owner))?;
    Some(describe(seen, &format!("the host is {owner}'s")))
}

/// The host is this domain or one below it.
fn is_host_of(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

pub(super) fn describe(seen: &Observed, evidence: &str) -> EngineReport {
    let mut report = blank(EngineKind::Hosted, seen, evidence);
    report.cached_field =
        "usage.prompt_tokens_details.cached_tokens, usage.prompt_cache_hit_tokens (DeepSeek), \
         usage.cache_read_input_tokens (Anthropic)"
            .to_owned();
    report.hints.push(
        "no counters and no reset; other users' traffic cannot be seen. OpenAI caches prompts of 1,024 tokens and more"
            .to_owned(),
    );
    report
}
