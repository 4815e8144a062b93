//! The help in one language. Every text that `clap` takes from a doc comment has its Chinese as the
//! last paragraph there; what `clap` itself says is here. A test holds that none is missing.

use super::RunArgs;
use clap::{Arg, ArgAction, Command, builder::PossibleValue, builder::StyledStr};
use dualround_model::Lang;

/// Help as `clap` lays it out, with its own word in Chinese.
const TEMPLATE: &str = "{about-with-newline}\n用法: {usage}\n\n{all-args}{after-help}";

/// The command line with its help in this language.
pub(super) fn spoken(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => english(command),
        Lang::Zh => chinese(command, true),
    }
}

/// The paragraphs of a text that are in this language.
fn paragraphs(text: Option<&StyledStr>, lang: Lang) -> Vec<String> {
    let text = text.map(StyledStr::to_string).unwrap_or_default();
    let in_it = |part: &&str| is_chinese(part) == (lang == Lang::Zh);
    text.split("\n\n")
        .filter(in_it)
        .map(str::to_owned)
        .collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Chinese lines of a doc comment are joined by spaces, where none belongs after punctuation.
fn joined(text: &str) -> String {
    ["，", "；", "：", "、", "。"]
        .iter()
        .fold(text.to_owned(), |text, mark| {
            text.replace(&format!("{mark} "), mark)
        })
}

/// Without the Chinese paragraphs; what then has one is no long help.
fn english(command: Command) -> Command {
    let long = paragraphs(command.get_long_about(), Lang::En);
    let command = command.long_about(None::<&str>);
    let command = match long.len() {
        0 | 1 => command,
        _ => command.long_about(long.join("\n\n")),
    };
    command
        .mut_args(|arg| arg.long_help(None::<&str>))
        .mut_subcommands(english)
}

fn chinese(command: Command, is_program: bool) -> Command {
    let about = paragraphs(command.get_long_about(), Lang::Zh).join("\n\n");
    let after = command
        .get_after_help()
        .map(|text| after(&text.to_string()));
    let mut command = command
        .help_template(TEMPLATE)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .subcommand_help_heading("命令")
        .mut_args(argument)
        .mut_subcommands(|below| chinese(below, false))
        .arg(own(
            "help",
            'h',
            ArgAction::Help,
            "打印帮助（-h 简短，--help 完整）",
        ));
    if !about.is_empty() {
        let about = joined(&about);
        command = command.about(about.clone()).long_about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    if is_program {
        command = command.arg(own("version", 'V', ArgAction::Version, "打印版本"));
    }
    command
}

/// A flag of `clap`'s own.
fn own(name: &'static str, short: char, action: ArgAction, help: &'static str) -> Arg {
    let arg = Arg::new(name).short(short).long(name).action(action);
    arg.help_heading(FLAGS).help(help).long_help(help)
}

/// The heading of flags that are in no group.
const FLAGS: &str = "可选参数";

fn argument(arg: Arg) -> Arg {
    let heading = match arg.get_help_heading() {
        None if arg.is_positional() => "位置参数",
        given => {
            let mut all = RunArgs::HEADINGS.iter();
            all.find(|(english, _)| Some(*english) == given)
                .map_or(FLAGS, |(_, chinese)| chinese)
        }
    };
    let arg = arg.help_heading(heading);
    let help = paragraphs(arg.get_long_help(), Lang::Zh);
    let Some(first) = help.first().map(|first| joined(first)) else {
        return arg;
    };
    // The lines of a list stand together.
    let all = joined(&help.join("\n\n").replace("\n\n- ", "\n- "));
    let said = [defaults(&arg), values(&arg)];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() {
        return arg.help(first).long_help(all);
    }
    arg.hide_default_value(true)
        .hide_possible_values(true)
        .help(format!("{first} {}", said.join(" ")))
        .long_help(format!("{all}\n\n{}", said.join("\n\n")))
}

/// The default that `clap` tells in English only.
fn defaults(arg: &Arg) -> Option<String> {
    if arg.is_hide_default_value_set() || !arg.get_action().takes_values() {
        return None;
    }
    let values = arg.get_default_values().iter();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    (!values.is_empty()).then(|| format!("[默认：{}]", values.join(" ")))
}

/// What `clap` lists in English only.
fn values(arg: &Arg) -> Option<String> {
    if arg.is_hide_possible_values_set() || !arg.get_action().takes_values() {
        return None;
    }
    let values = arg.get_possible_values();
    let shown: Vec<&str> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(PossibleValue::get_name)
        .collect();
    (!shown.is_empty()).then(|| format!("[可选值：{}]", shown.join(", ")))
}

/// Examples are the same in every language; what is said of them is not.
fn after(english: &str) -> String {
    let lines = english.lines().filter_map(|line| match line {
        "Example:" | "Examples:" => Some("示例:".to_owned()),
        _ if line.starts_with(' ') => Some(line.to_owned()),
        _ if line.starts_with("-h shows the command's own") => {
            Some("-h 只列本命令自己的参数，--help 也列出一次运行的参数。".to_owned())
        }
        _ if line.starts_with("-h shows") => Some(
            "-h 只列常用参数，--help 列出全部。每个参数都可用环境变量 DUALROUND_NAME 或 --config 文件中的键设置（--print-config 可写出一份）。"
                .to_owned(),
        ),
        _ if line.starts_with("Each command") => {
            Some("每个命令都有自己的 -h（简短）与 --help（完整）。".to_owned())
        }
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(command: &Command, path: &str, out: &mut Vec<String>) {
        if !command
            .get_about()
            .is_some_and(|about| is_chinese(&about.to_string()))
        {
            out.push(path.to_owned());
        }
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            if !is_chinese(&help) {
                out.push(format!("{path} {}", arg.get_id()));
            }
        }
        for sub in command.get_subcommands() {
            missing(sub, &format!("{path} {}", sub.get_name()), out);
        }
    }

    #[test]
    fn every_command_and_flag_speaks_chinese() {
        let mut command = crate::args::command_in(Lang::Zh);
        command.build();
        let mut out = Vec::new();
        missing(&command, "", &mut out);
        assert!(out.is_empty(), "{out:#?}");
        command.debug_assert();
    }

    /// A flag that takes one of a few words.
    struct Worded {
        /// Its command, as a path from the program on.
        path: Vec<String>,
        /// Its name.
        name: String,
        /// The words.
        words: Vec<String>,
    }

    /// The flags of a command, and of those below it, that take one of a few words.
    fn worded(command: &Command, path: &[String]) -> Vec<Worded> {
        let words = |arg: &Arg| -> Vec<String> {
            let all = arg.get_possible_values();
            let shown = all.iter().filter(|value| !value.is_hide_set());
            shown.map(|value| value.get_name().to_owned()).collect()
        };
        let own = command.get_arguments().map(|arg| Worded {
            path: path.to_vec(),
            name: arg.get_long().unwrap_or(arg.get_id().as_str()).to_owned(),
            words: words(arg),
        });
        let is_boolean = |flag: &Worded| flag.words.is_empty() || flag.words[0] == "true";
        let own = own.filter(|flag| !is_boolean(flag));
        let below = command.get_subcommands().flat_map(|below| {
            let name = below.get_name().to_owned();
            worded(below, &[path, &[name]].concat())
        });
        own.chain(below).collect()
    }

    /// The long help of a command, on one line.
    fn help(lang: Lang, path: &[String]) -> String {
        let mut command = crate::args::command_in(lang);
        command.build();
        let mut found = &mut command;
        for name in path {
            found = found.find_subcommand_mut(name).unwrap();
        }
        let help = found.render_long_help().to_string();
        help.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_word_of_a_setting_is_in_the_help_of_both_languages_and_completed() {
        let script = |shell: clap_complete::Shell| {
            let (mut command, mut script) = (crate::args::command_in(Lang::En), Vec::new());
            clap_complete::generate(shell, &mut command, "dualround", &mut script);
            String::from_utf8(script).unwrap()
        };
        let (bash, zsh) = (
            script(clap_complete::Shell::Bash),
            script(clap_complete::Shell::Zsh),
        );
        let all = worded(&crate::args::command_in(Lang::En), &[]);
        assert!(all.iter().filter(|flag| flag.path == ["run"]).count() > 10);
        for Worded { path, name, words } in all {
            let (english, chinese) = (help(Lang::En, &path), help(Lang::Zh, &path));
            let listed = format!("[possible values: {}]", words.join(", "));
            let explained = |word: &String| english.contains(&format!("- {word}: "));
            assert!(
                english.contains(&listed) || words.iter().all(explained),
                "{path:?} {name}: {english}"
            );
            let listed = format!("[可选值：{}]", words.join(", "));
            assert!(chinese.contains(&listed), "{path:?} {name}: {chinese}");
            assert!(!chinese.contains("ossible values"), "{path:?}: {chinese}");
            assert!(bash.contains(&words.join(" ")), "{path:?} {name}");
            // Words with a sentence each stand on lines of their own.
            let completed = format!(":({})'", words.join(" "));
            let with_sentences = |word: &String| zsh.contains(&format!("{word}\\:\""));
            assert!(
                zsh.contains(&completed) || words.iter().all(with_sentences),
                "{path:?} {name}"
            );
        }
    }
}
