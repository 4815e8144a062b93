//! `dualround init`: looks at a server, writes settings and a small data set that suit it, and says
//! how to go on.

mod fit;
mod settings_file;

use super::{
    check::{CheckTarget, line, settle},
    check_endpoint::LookedAt,
    convert::{draft_of, whole_or_nothing},
    endpoint_words::{self, CanarySeen},
};
use crate::{
    args::{GivenSetting, InitArgs, RunArgs, given_settings},
    exit,
    exit::Usage,
    hint,
    screen::print,
    settings,
};
use dualround_dataset::{Length, TextLang, Workload};
use dualround_loadgen::redact_url;
use dualround_model::{Api, EngineKind, EngineReport, least_cached_tokens};
use fit::{FittingPrompts, ServerFacts};
use settings_file::{SettingsFile, seen_of};
use std::{
    fs::{File, remove_file},
    path::Path,
};

/// The settings.
const SETTINGS: &str = "dualround.yaml";
/// The data set.
const PROMPTS: &str = "dualround-prompts.jsonl";
/// The same words for everyone.
const SEED: u64 = 1;

/// What is left to do where the canary was not answered.
const WITHOUT_CANARY: [&str; 2] = [
    "nothing was written; where the canary alone is refused, as by a short context, --no-probe goes on without it",
    "未写出任何文件；若只是探测请求被拒绝（如上下文太短），可用 --no-probe 跳过它",
];

/// Runs `dualround init`.
pub(crate) fn run(args: InitArgs) -> anyhow::Result<u8> {
    start(args).map_err(|error| error.context(hint::LookedAlready))
}

fn start(args: InitArgs) -> anyhow::Result<u8> {
    let merged = settings::merged(args.run.clone())?;
    let own = CheckTarget {
        endpoint: args.url.clone(),
        ..CheckTarget::default()
    };
    let settled = settle(args.run, own)?;
    if let Some(text) = &settled.print_config {
        print(text);
        return Ok(exit::OK);
    }
    let lang = settled.plan.output.lang;
    let Some(endpoint) = args.url.or_else(|| merged.endpoint.clone()) else {
        return Err(no_address().into());
    };
    let makes_prompts = !settled.has_dataset;
    let given = given_settings(&merged, "endpoint");
    if makes_prompts {
        refuse_other_rows(&given)?;
        make_room(PROMPTS, args.force)?;
    }
    make_room(SETTINGS, args.force)?;
    let looked = LookedAt::of(settled, true)?;
    for text in endpoint_words::engines(&looked.session, &looked.canary, lang) {
        line(&text);
    }
    for text in endpoint_words::canary(&looked.session, &looked.canary, lang) {
        line(&text);
    }
    if matches!(looked.canary, CanarySeen::Unanswered(_)) {
        line(lang.pick(WITHOUT_CANARY));
        return Ok(exit::ENDPOINT);
    }
    let prompts = makes_prompts.then(|| FittingPrompts::of(&facts(&looked)));
    let file = SettingsFile {
        endpoint: &endpoint,
        prompts: prompts.as_ref().map(|_| PROMPTS),
        given,
        seen: seen_of(&looked),
        lang,
    };
    let text = file.text();
    let whole = RunArgs {
        endpoint: Some(endpoint.clone()),
        ..merged
    };
    settings::check_file(whole, &text, SETTINGS)?;
    if let Some(fitting) = &prompts {
        write_prompts(fitting)?;
    }
    whole_or_nothing(Path::new(SETTINGS), |out| {
        out.write_all(text.as_bytes()).map_err(anyhow::Error::from)
    })?;
    for text in written(prompts.as_ref(), &file) {
        line(&text);
    }
    Ok(exit::OK)
}

fn no_address() -> Usage {
    Usage(
        "give the address: dualround init URL (vLLM: http://localhost:8000/v1, SGLang: \
         http://localhost:30000/v1, llama.cpp: http://localhost:8080/v1); without a server: \
         dualround demo"
            .to_owned(),
    )
}

/// Settings that say how the rows of a file are read, which a data set that is made here is not.
const OF_ROWS: [&str; 7] = [
    "format",
    "text_key",
    "weight_key",
    "min_length",
    "max_length",
    "skip_bad_rows",
    "trace_block_size",
];

/// Refuses what is of a file where none is named.
fn refuse_other_rows(given: &[GivenSetting]) -> Result<(), Usage> {
    let Some(one) = given.iter().find(|one| OF_ROWS.contains(&one.name)) else {
        return Ok(());
    };
    let flag = one.name.replace('_', "-");
    Err(Usage(format!(
        "--{flag} says how a file is read: give --dataset FILE too, or leave it out"
    )))
}

/// Refuses to write where something stands, or where nothing can be written, before anything is sent.
fn make_room(name: &str, force: bool) -> Result<(), Usage> {
    if !force && Path::new(name).exists() {
        return Err(Usage(format!(
            "{name} is there already: --force replaces it, or start elsewhere"
        )));
    }
    let draft = draft_of(Path::new(name));
    File::create(&draft)
        .and_then(|_| remove_file(&draft))
        .map_err(|error| Usage(format!("cannot write {name}: {error}")))
}

/// What is known of the server that decides what suits it.
fn facts(looked: &LookedAt) -> ServerFacts {
    let plan = looked.session.plan();
    let engines = looked.session.engines();
    let least = |of: fn(&EngineReport) -> Option<u64>| engines.iter().filter_map(of).min();
    let paid = engines.iter().any(|one| one.kind == EngineKind::Hosted);
    let hosted_least = paid.then_some(1024);
    let canary = looked.canary.report();
    let tokens = canary.and_then(|canary| canary.prompt_tokens);
    // At least two of its requests had to be computed.
    let prefill = tokens.map(|tokens| (tokens, looked.took / 2));
    let by_name = (plan.api() == Api::Messages).then(|| least_cached_tokens(&plan.model));
    ServerFacts {
        context: least(|one| one.context_tokens),
        // A cache of nothing is off, whatever is asked.
        capacity: least(|one| one.capacity_tokens.filter(|tokens| *tokens > 0)),
        block: engines.iter().filter_map(|one| one.block_tokens).max(),
        least: plan
            .least_cached_tokens()
            .or(by_name.flatten())
            .or(hosted_least),
        paid,
        prefill,
    }
}

fn write_prompts(fitting: &FittingPrompts) -> anyhow::Result<()> {
    let workload = Workload {
        groups: fitting.prompts,
        prompts: fitting.prompts,
        shared: Length::Constant(0),
        unique: Length::Constant(fitting.words),
        output: None,
        zipf: 0.0,
        turns: 1,
        gap_s: None,
        lang: TextLang::En,
        seed: SEED,
    };
    whole_or_nothing(Path::new(PROMPTS), |out| {
        workload.write(None, out).map_err(anyhow::Error::from)
    })?;
    Ok(())
}

/// What was written, and how to go on.
fn written(prompts: Option<&FittingPrompts>, file: &SettingsFile<'_>) -> Vec<String> {
    let lang = file.lang;
    let mut lines = vec![String::new()];
    let mut say = |both: [String; 2]| lines.push(lang.pick(both));
    say([
        format!("wrote {SETTINGS}: settings, each with its reason"),
        format!("已写出 {SETTINGS}：各项设置及其理由"),
    ]);
    if let Some(FittingPrompts {
        prompts,
        words,
        crowded,
    }) = prompts
    {
        say([
            format!("wrote {PROMPTS}: {prompts} prompts of {words} made words each"),
            format!("已写出 {PROMPTS}：{prompts} 个提示词，每个 {words} 个合成词"),
        ]);
        if *crowded {
            say([
                "note: the cache holds so few tokens that even these may push each other out"
                    .to_owned(),
                "注意：缓存容量太小，连这些提示词也可能互相驱逐".to_owned(),
            ]);
        }
    }
    if file.has_secrets() {
        say([
            "note: what may hold a key is not written: give it again, or by the environment"
                .to_owned(),
            "注意：可能含有密钥的设置不写入文件：运行时再次给出，或用环境变量".to_owned(),
        ]);
    }
    say(["next:".to_owned(), "下一步：".to_owned()]);
    let address = if is_secret(file.endpoint) {
        " --endpoint URL"
    } else {
        ""
    };
    lines.push(format!("  dualround run --config {SETTINGS}{address}"));
    lines
}

/// Whether an address holds what no file is to hold: a password, or a query that may be a key.
fn is_secret(endpoint: &str) -> bool {
    let plain = url::Url::parse(endpoint).is_ok_and(|url| url.as_str() == redact_url(endpoint));
    // A socket is no URL, and has neither.
    !plain && !endpoint.starts_with("unix:")
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn an_address_with_a_password_or_a_query_is_not_kept() {
        for address in ["http://h:1", "http://h:1/v1/", "unix:/run/e.sock:/v1"] {
            assert!(!is_secret(address), "{address}");
        }
        for address in [
            "http://al:pw@h:1/v1",
            "http://h:1/v1?api_key=pw",
            "http://h/?x=y",
        ] {
            assert!(is_secret(address), "{address}");
        }
    }
}
