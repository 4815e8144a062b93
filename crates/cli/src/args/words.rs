//! Settings that are one word of a few. Flags, environment and files take the same words; help,
//! completions and the refusal of any other word list them.

use crate::{lang, progress::ProgressFormat};
use clap::{ValueEnum, builder::PossibleValue};
use dualround_dataset::{TextLang, format_names};
use dualround_model::{
    AnswerSource, Api, CacheControl, ColdPolicy, EngineKind, Keep, Lang, LoadUnit, Sampling,
    StoreText, Tables, TimestampUnit, TokenSourceChoice, Turns,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::sync::LazyLock;

/// Declares the words of a setting, spelt in `snake_case`, and what each stands for.
macro_rules! words {
    ($(
        $(#[$of_all:meta])*
        $Word:ident: $Meaning:ty { $($(#[$meta:meta])* $word:ident => $meaning:expr,)* }
    )*) => {$(
        $(#[$of_all])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        #[value(rename_all = "snake_case")]
        pub(crate) enum $Word {
            $($(#[$meta])* $word,)*
        }

        impl $Word {
            /// What the word stands for.
            pub(crate) fn means(self) -> $Meaning {
                match self {
                    $(Self::$word => $meaning,)*
                }
            }
        }

        as_in_files!($Word);
    )*};
}

/// Reads and writes a word in files as flags have it.
macro_rules! as_in_files {
    ($Word:ident) => {
        impl<'de> Deserialize<'de> for $Word {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = String::deserialize(from)?;
                Self::from_str(&word, false).map_err(|_| D::Error::custom(refusal::<Self>(&word)))
            }
        }

        impl Serialize for $Word {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                spelling(self).serialize(to)
            }
        }
    };
}

/// A process by which requests arrive, before its shape is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProcessName {
    /// Exponential times between arrivals.
    Poisson,
    /// Equal ones.
    Constant,
    /// Gamma ones.
    Gamma,
}

words! {
    /// `--sampling`: which samples the levels ask.
    SamplingWord: Sampling {
        Same => Sampling::Same,
        Disjoint => Sampling::Disjoint,
    }

    /// `--arrival`: how the requests of a rate arrive.
    ArrivalWord: ProcessName {
        Poisson => ProcessName::Poisson,
        Constant => ProcessName::Constant,
        Gamma => ProcessName::Gamma,
    }

    /// `--turns`: which turns of a conversation are asked.
    TurnsWord: Turns {
        First => Turns::First,
        All => Turns::All,
    }

    /// `--answers`: whose answers later turns build on.
    AnswersWord: AnswerSource {
        Recorded => AnswerSource::Recorded,
        Live => AnswerSource::Live,
    }

    /// `--by`: what a load is counted in.
    LoadUnitWord: LoadUnit {
        Rate => LoadUnit::Rate,
        Concurrency => LoadUnit::Concurrency,
    }

    /// `--timestamp-unit`: the unit of a data set's times.
    TimestampUnitWord: TimestampUnit {
        #[value(name = "s")]
        Seconds => TimestampUnit::Seconds,
        #[value(name = "ms")]
        Milliseconds => TimestampUnit::Milliseconds,
    }

    /// `--api`: the API of the endpoint.
    ApiWord: Api {
        Chat => Api::Chat,
        Completions => Api::Completions,
        Messages => Api::Messages,
        Responses => Api::Responses,
    }

    /// `--cache-control`: where a Messages request has breakpoints, and how long they keep.
    CacheControlWord: CacheControl {
        #[value(name = "5m")]
        FiveMinutes => CacheControl::FiveMinutes,
        #[value(name = "1h")]
        OneHour => CacheControl::OneHour,
        Off => CacheControl::Off,
    }

    /// `--max-tokens-field`: the field of a body that holds the longest answer.
    MaxTokensField: &'static str {
        MaxTokens => "max_tokens",
        MaxCompletionTokens => "max_completion_tokens",
    }

    /// `--token-source`: where output tokens are counted.
    TokenSourceWord: TokenSourceChoice {
        Auto => TokenSourceChoice::Auto,
        Usage => TokenSourceChoice::Usage,
        Events => TokenSourceChoice::Events,
    }

    /// `--until`: what ends the cycles of a level.
    UntilWord: () {
        Decided => (),
    }

    /// `--keep`: the side of a prompt that stays when it is cut.
    KeepWord: Keep {
        End => Keep::End,
        Start => Keep::Start,
    }

    /// `--cold`: how rounds are made cold.
    ColdWord: ColdPolicy {
        Auto => ColdPolicy::Auto,
        Salt => ColdPolicy::Salt,
        Reset => ColdPolicy::Reset,
        None => ColdPolicy::None,
    }

    /// `--engine`: the engine; `None` where it is to be found out.
    EngineWord: Option<EngineKind> {
        Auto => None,
        Vllm => Some(EngineKind::Vllm),
        Sglang => Some(EngineKind::Sglang),
        LlamaCpp => Some(EngineKind::LlamaCpp),
        Lmcache => Some(EngineKind::Lmcache),
        TensorrtLlm => Some(EngineKind::TensorrtLlm),
        Dynamo => Some(EngineKind::Dynamo),
        Tgi => Some(EngineKind::Tgi),
        Hosted => Some(EngineKind::Hosted),
        // Taken, but of no use to whoever looks for a word.
        #[value(hide = true)]
        Simulated => Some(EngineKind::Simulated),
        #[value(hide = true)]
        Unknown => Some(EngineKind::Unknown),
    }

    /// `--store-text`: the text that stays in the files.
    StoreTextWord: StoreText {
        Full => StoreText::Full,
        Preview => StoreText::Preview,
        None => StoreText::None,
    }

    /// `--tables`: what the terminal shows.
    TablesWord: Tables {
        First => Tables::First,
        All => Tables::All,
        // The other word for the default.
        #[value(hide = true)]
        Auto => Tables::First,
    }

    /// `--lang`: the language of tables and help.
    LangWord: Lang {
        Zh => Lang::Zh,
        En => Lang::En,
        Auto => lang::of_locale(),
    }

    /// `--progress`: how a run shows itself on stderr.
    ProgressWord: ProgressFormat {
        Auto => ProgressFormat::Auto,
        Plain => ProgressFormat::Plain,
        Json => ProgressFormat::Json,
        None => ProgressFormat::None,
    }

    /// `generate --text`: the language of made words.
    TextWord: TextLang {
        En => TextLang::En,
        Zh => TextLang::Zh,
    }

    /// `compare --allow`: what may differ, as [`crate::comparable`] names it.
    AllowWord: &'static str {
        Model => "model",
        Dataset => "dataset",
        Engine => "engine",
        Settings => "settings",
    }
}

impl LangWord {
    /// The language that was chosen, else that of the locale.
    pub(crate) fn or_locale(given: Option<Self>) -> Lang {
        given.unwrap_or(Self::Auto).means()
    }
}

/// `--print-config`: what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum PrintedWord {
    // No doc comments here: they would be in the help.
    Settings,
    Plan,
}

as_in_files!(PrintedWord);

/// `--format`: the name of a format of `dualround-dataset`, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormatName(&'static str);

impl FormatName {
    /// The name, as the data set's plan has it.
    pub(crate) fn means(self) -> String {
        self.0.to_owned()
    }
}

impl ValueEnum for FormatName {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<FormatName>> = LazyLock::new(|| {
            let names = ["auto"].into_iter().chain(format_names());
            names.map(FormatName).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0))
    }
}

as_in_files!(FormatName);

/// A word as flags and files have it.
fn spelling<T: ValueEnum>(word: &T) -> String {
    let value = word.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Why a word is none of a setting's.
fn refusal<T: ValueEnum>(word: &str) -> String {
    let all = T::value_variants().iter();
    let shown: Vec<String> = all
        .filter_map(ValueEnum::to_possible_value)
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    format!("`{word}` is none of its values: {}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_can_be_named() {
        for kind in EngineKind::ALL {
            let word = EngineWord::from_str(kind.name(), false);
            assert_eq!(word.map(EngineWord::means), Ok(Some(kind)));
        }
    }

    #[test]
    fn words_of_plans_are_spelt_as_plans_have_them() {
        let plan = |value: serde_json::Value| value.as_str().map(str::to_owned);
        let keep = serde_json::to_value(KeepWord::Start.means()).unwrap();
        assert_eq!(plan(keep), Some(spelling(&KeepWord::Start)));
        for word in [
            MaxTokensField::MaxTokens,
            MaxTokensField::MaxCompletionTokens,
        ] {
            assert_eq!(spelling(&word), word.means());
        }
        for word in AllowWord::value_variants() {
            assert_eq!(spelling(word), word.means());
        }
    }

    #[test]
    fn a_word_that_is_none_is_refused_with_those_that_are() {
        let refused = serde_json::from_str::<EngineWord>("\"vlm\"")
            .unwrap_err()
            .to_string();
        assert!(
            refused.starts_with("`vlm` is none of its values: auto, vllm, "),
            "{refused}"
        );
        assert!(!refused.contains("unknown"), "{refused}");
        let taken = serde_json::from_str::<TablesWord>("\"auto\"").unwrap();
        assert_eq!(
            (taken.means(), spelling(&taken)),
            (Tables::First, "auto".to_owned())
        );
        assert!(FormatName::from_str("jsonl", false).is_ok());
    }
}
