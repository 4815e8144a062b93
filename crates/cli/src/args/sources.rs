//! Where each setting of a run comes from, as `--print-config` shows it.

use super::{RunArgs, command_in, variables, words::ApiWord};
use crate::environment_key;
use clap::{ArgMatches, parser::ValueSource};
use dualround_loadgen::redact_url;
use dualround_model::{Api, Lang, masked_fields};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write};

/// What set a setting; the rest are defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingSource {
    Flag,
    Environment,
    File,
}

/// What set each setting, by its name.
pub(crate) type SettingSources = BTreeMap<&'static str, SettingSource>;

/// Settings whose values are secrets.
const SECRET: [&str; 3] = ["api_key", "header", "prometheus_header"];
/// Settings that are URLs, which may hold some.
const URLS: [&str; 6] = [
    "proxy",
    "endpoint",
    "prometheus_url",
    "admin_url",
    "reset_cache_url",
    "remote_write",
];

impl RunArgs {
    /// The settings that no file may hold.
    pub(crate) const NOT_IN_FILES: [&str; 3] = ["config", "print_config", "resume"];
}

/// Which of these settings flags and environment gave.
pub(super) fn given(names: &[&'static str], matches: &ArgMatches) -> SettingSources {
    let given = names.iter().filter_map(|name| {
        let source = match matches.value_source(name)? {
            ValueSource::CommandLine => SettingSource::Flag,
            ValueSource::EnvVariable => SettingSource::Environment,
            _ => return None,
        };
        Some((*name, source))
    });
    given.collect()
}

/// Every setting with its value and where it comes from: a file for `--config` again, but for
/// secrets, which stand as `***` in comments.
pub(crate) fn listing(args: &RunArgs) -> String {
    let command = command_in(Lang::En);
    let run = command.find_subcommand("run");
    let mut out = String::from("# Every setting of this run, as a file for --config.\n");
    let mut heading = None;
    let key = environment_key::name_of(api_of(args));
    for (name, value) in args.values() {
        if RunArgs::NOT_IN_FILES.contains(&name) {
            continue;
        }
        let arg = run.and_then(|run| run.get_arguments().find(|arg| arg.get_id() == name));
        let under = arg.and_then(clap::Arg::get_help_heading);
        if under != heading {
            heading = under;
            let _ = writeln!(out, "\n# {}", under.unwrap_or_default());
        }
        let flag = format!("--{}", name.replace('_', "-"));
        let from = match args.sources.get(name) {
            Some(SettingSource::Flag) => format!("flag {flag}"),
            Some(SettingSource::Environment) => {
                format!("environment {}", variables::name_of(name))
            }
            Some(SettingSource::File) => {
                let path = args.config.as_deref().unwrap_or_else(|| "".as_ref());
                format!("file {}", path.display())
            }
            None => "default".to_owned(),
        };
        let _ = match value {
            Some(_) if SECRET.contains(&name) => {
                writeln!(out, "# {name}: \"***\"  # {from}, a secret")
            }
            Some(value) => {
                writeln!(out, "{name}: {}  # {from}", shown(name, value))
            }
            None if name == "api_key" && std::env::var_os(key).is_some() => {
                let headers = args.header.as_deref().unwrap_or_default();
                if environment_key::gives_way(headers, args.endpoint.as_deref()).is_some() {
                    writeln!(
                        out,
                        "# {name}:  # {key} gives way to the credentials that are given"
                    )
                } else {
                    writeln!(out, "# {name}: \"***\"  # environment {key}, a secret")
                }
            }
            None => match arg.and_then(documented_default) {
                Some(default) => writeln!(out, "# {name}: {default}  # default"),
                None => writeln!(out, "# {name}:  # default: not set"),
            },
        };
    }
    out
}

/// A setting that flag, environment or file gave.
pub(crate) struct GivenSetting {
    /// Its name, the key of a file.
    pub(crate) name: &'static str,
    /// Its value; `None` where it holds a secret, which no file is to hold.
    pub(crate) value: Option<Value>,
}

/// The settings that were given and that a file may hold, but for one, in the order of the help.
pub(crate) fn given_settings(args: &RunArgs, but: &str) -> Vec<GivenSetting> {
    let all = args.values().into_iter();
    let given = all.filter_map(|(name, value)| {
        if name == but || RunArgs::NOT_IN_FILES.contains(&name) {
            return None;
        }
        let value = value?;
        let is_plain = !SECRET.contains(&name) && shown(name, value.clone()) == value;
        let value = is_plain.then_some(value);
        Some(GivenSetting { name, value })
    });
    given.collect()
}

/// The API that requests will go to.
fn api_of(args: &RunArgs) -> Api {
    environment_key::api_of(args.endpoint.as_deref(), args.api.map(ApiWord::means))
}

/// What stands after `[default:` in the help: the one place that states it.
fn documented_default(arg: &clap::Arg) -> Option<String> {
    let help = arg.get_long_help().or_else(|| arg.get_help())?.to_string();
    let Some((_, rest)) = help.split_once("[default: ") else {
        let switch = arg
            .get_num_args()
            .is_some_and(|values| values.min_values() == 0);
        return switch.then(|| "false".to_owned());
    };
    let (default, _) = rest.split_once(']')?;
    Some(default.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A value without the secrets that it may hold.
fn shown(name: &str, value: Value) -> Value {
    match name {
        name if URLS.contains(&name) => redacted(value),
        "extra_body" => body(value),
        _ => value,
    }
}

/// JSON that goes into bodies, without its secrets; a file's name as it is.
fn body(value: Value) -> Value {
    let fields = value
        .as_str()
        .and_then(|text| serde_json::from_str::<serde_json::Map<String, Value>>(text).ok());
    match fields {
        Some(fields) if masked_fields(&fields) != fields => {
            Value::Object(masked_fields(&fields)).to_string().into()
        }
        _ => value,
    }
}

fn redacted(value: Value) -> Value {
    match value {
        Value::String(url) => redact_url(&url).into(),
        Value::Array(urls) => urls.into_iter().map(redacted).collect(),
        other => other,
    }
}
