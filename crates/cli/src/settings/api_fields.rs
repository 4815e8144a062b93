//! Settings that stand for a field of the request: which API has one, and what is asked of a cache.

use super::usage;
use crate::{
    args::{RunArgs, words::CacheControlWord},
    exit::Usage,
};
use dualround_model::{Api, CachePlan, PromptCacheKey};

/// Refuses flags that the API has no field for.
///
/// # Errors
/// [`Usage`] naming the flag and the API.
pub(super) fn check(args: &RunArgs, api: Api) -> Result<(), Usage> {
    use Api::{Chat, Completions, Messages, Responses};
    let of_engines: &[Api] = &[Chat, Completions];
    let of_openai: &[Api] = &[Chat, Responses];
    let of_anthropic: &[Api] = &[Messages];
    let flags = [
        (
            args.min_output_tokens.is_some(),
            "--min-output-tokens",
            of_engines,
        ),
        (args.ignore_eos.is_some(), "--ignore-eos", of_engines),
        (
            args.max_tokens_field.is_some(),
            "--max-tokens-field",
            of_engines,
        ),
        (
            args.no_stream_options.is_some(),
            "--no-stream-options",
            of_engines,
        ),
        (
            args.cache_control.is_some(),
            "--cache-control",
            of_anthropic,
        ),
        (
            args.cache_min_tokens.is_some(),
            "--cache-min-tokens",
            of_anthropic,
        ),
        (
            args.prompt_cache_key.is_some(),
            "--prompt-cache-key",
            of_openai,
        ),
        (
            args.prompt_cache_retention.is_some(),
            "--prompt-cache-retention",
            of_openai,
        ),
        (
            args.prompt_token_ids == Some(true),
            "--prompt-token-ids",
            &[Completions],
        ),
    ];
    let mut refused = flags
        .into_iter()
        .filter(|(is_given, _, of)| *is_given && !of.contains(&api));
    let Some((_, flag, of)) = refused.next() else {
        return Ok(());
    };
    let others: Vec<&str> = of.iter().map(|api| api.name()).collect();
    Err(usage(format!(
        "{flag}: the {} API has no field for it ({} {}); a server's own field goes by --extra-body",
        api.name(),
        others.join(" and "),
        if others.len() == 1 { "has" } else { "have" }
    )))
}

/// What the cache is asked for.
///
/// # Errors
/// [`Usage`] for a key that is none, and an empty value.
pub(super) fn cache(args: &RunArgs) -> Result<CachePlan, Usage> {
    let key = args.prompt_cache_key.as_deref().map(key).transpose()?;
    let retention = args.prompt_cache_retention.clone();
    if retention
        .as_ref()
        .is_some_and(|value| value.trim().is_empty())
    {
        return Err(usage("--prompt-cache-retention: give a value, e.g. 24h"));
    }
    if args.cache_min_tokens == Some(0) {
        return Err(usage("--cache-min-tokens 0: at least 1 is needed"));
    }
    Ok(CachePlan {
        control: args.cache_control.map(CacheControlWord::means),
        key,
        retention,
        min_tokens: args.cache_min_tokens,
    })
}

fn key(text: &str) -> Result<PromptCacheKey, Usage> {
    match text.split_once(':') {
        None if text == "per-epoch" => Ok(PromptCacheKey::PerEpoch),
        Some(("fixed", value)) if !value.trim().is_empty() => {
            Ok(PromptCacheKey::Fixed(value.to_owned()))
        }
        _ => Err(usage(format!(
            "--prompt-cache-key {text}: give per-epoch, or fixed:VALUE"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_per_epoch_or_fixed() {
        assert_eq!(key("per-epoch").unwrap(), PromptCacheKey::PerEpoch);
        let fixed = PromptCacheKey::Fixed("a:b".to_owned());
        assert_eq!(key("fixed:a:b").unwrap(), fixed);
        for wrong in ["", "fixed", "fixed:", "per_epoch", "x:y"] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_flag_without_a_field_names_the_api() {
        let with = |change: fn(&mut RunArgs), api| {
            let mut args = RunArgs::default();
            change(&mut args);
            check(&args, api).map_err(|error| error.to_string())
        };
        let error = with(|args| args.ignore_eos = Some(true), Api::Messages).unwrap_err();
        assert!(
            error.contains("--ignore-eos") && error.contains("Messages"),
            "{error}"
        );
        let error = with(|args| args.prompt_token_ids = Some(true), Api::Chat).unwrap_err();
        assert!(error.contains("completions has"), "{error}");
        assert!(with(|args| args.ignore_eos = Some(true), Api::Chat).is_ok());
        assert!(with(|args| args.prompt_token_ids = Some(false), Api::Chat).is_ok());
    }
}
