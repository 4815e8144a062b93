//! What all settings of a run have in common, so that a row of `run.rs` says only what is its own:
//! the macro that makes flags, file keys and the merge of two layers of it, and the pass that adds
//! variables of the environment and the ways to give a boolean.

use super::{RunArgs, variables};
use clap::{Arg, Command};
use std::any::TypeId;

/// Reads a setting that a file may give as a text or as a number, and writes it as a text.
macro_rules! given_as_text {
    ($Given:ty, $expecting:literal) => {
        impl serde::Serialize for $Given {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Given {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(untagged, expecting = $expecting)]
                enum Given {
                    Number(f64),
                    Text(String),
                }
                let text = match Given::deserialize(from)? {
                    Given::Number(number) => number.to_string(),
                    Given::Text(text) => text,
                };
                let given = text.parse::<Self>();
                given.map_err(|error| {
                    <D::Error as serde::de::Error>::custom(format!("`{text}`: {error}"))
                })
            }
        }
    };
}

/// Declares the settings of a run: blocks of a help heading in English and Chinese, with the rows
/// under it.
macro_rules! settings {
    (
        $(#[$of_all:meta])*
        $Args:ident
        $($heading:literal / $heading_zh:literal {
            $($(#[$meta:meta])* $name:ident: $type:ty,)*
        })*
    ) => {
        #[derive(Clone, Debug, Default, clap::Args, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        $(#[$of_all])*
        pub(crate) struct $Args {
            $($(
                $(#[$meta])*
                #[arg(long, help_heading = $heading)]
                pub(crate) $name: Option<$type>,
            )*)*
            /// Where each of them comes from.
            #[arg(skip)]
            #[serde(skip)]
            pub(crate) sources: super::sources::SettingSources,
        }

        impl $Args {
            /// The names of all settings.
            pub(crate) const NAMES: &[&'static str] = &[$($(stringify!($name)),*),*];

            /// The headings of the help, in English and Chinese.
            pub(super) const HEADINGS: &[(&'static str, &'static str)] =
                &[$(($heading, $heading_zh)),*];

            /// These settings, and `lower` where nothing is given.
            pub(crate) fn or(self, lower: Self) -> Self {
                let mut sources = self.sources;
                $($(if self.$name.is_none() && lower.$name.is_some() {
                    sources.insert(stringify!($name), super::sources::SettingSource::File);
                })*)*
                Self { $($($name: self.$name.or(lower.$name),)*)* sources }
            }

            /// Every setting with its value, in the order of the help.
            pub(super) fn values(&self) -> Vec<(&'static str, Option<serde_json::Value>)> {
                vec![$($((
                    stringify!($name),
                    self.$name
                        .as_ref()
                        .map(|given| serde_json::to_value(given).unwrap_or_default()),
                )),*),*]
            }
        }
    };
}

/// One value or several, as YAML has them.
pub(super) fn one_or_more<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    #[derive(serde::Deserialize)]
    #[serde(
        untagged,
        expecting = "wanted one value or a list of them (`[a, b]`), numbers without quotes, texts with `: ` in quotes"
    )]
    enum OneOrMore<T> {
        One(T),
        More(Vec<T>),
    }
    let given = <Option<OneOrMore<T>> as serde::Deserialize>::deserialize(deserializer)?;
    Ok(given.map(|given| match given {
        OneOrMore::One(value) => vec![value],
        OneOrMore::More(values) => values,
    }))
}

/// Settings of a run that other commands have too, with the same variable.
const SHARED: [&str; 8] = [
    "lang",
    "tables",
    "ca_cert",
    "client_cert",
    "client_key",
    "proxy",
    "no_proxy",
    "insecure",
];

/// Asks what the settings are; no variable says so.
const QUESTION: &str = "print_config";

/// Adds to the settings in a command, and in those below it, what they all have.
pub(super) fn completed(command: Command) -> Command {
    let of_run = command.get_arguments().any(|arg| arg.get_id() == QUESTION);
    let command = command.mut_args(|arg| {
        let name = arg.get_id().as_str();
        if of_run && RunArgs::NAMES.contains(&name) || SHARED.contains(&name) {
            as_setting(arg)
        } else {
            arg
        }
    });
    command.mut_subcommands(completed)
}

/// A flag that is a setting: with its variable, and a boolean with and without a value.
fn as_setting(arg: Arg) -> Arg {
    let arg = match arg.get_id().as_str() {
        QUESTION => arg,
        // What a variable holds may be a secret.
        name => {
            let variable = variables::name_of(name);
            arg.env(variable).hide_env(true).hide_env_values(true)
        }
    };
    if arg.get_value_parser().type_id() == TypeId::of::<bool>() {
        arg.value_name("BOOL")
            .num_args(0..=1)
            .default_missing_value("true")
            .require_equals(true)
            .hide_possible_values(true)
    } else {
        arg
    }
}
