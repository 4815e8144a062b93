//! `dualround explain`: what a word of the results means.

use crate::screen::print;
use crate::{
    args::{self, ExplainArgs, words::LangWord},
    close::closest,
    exit,
    exit::Usage,
};
use dualround_model::Lang;
use dualround_report::{Term, TermKind, explain, terms};

/// Runs `dualround explain`: what a word of the results means.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<u8> {
    let lang = LangWord::or_locale(args.lang);
    let word = args.word.join(" ");
    if word.is_empty() {
        for kind in TermKind::ALL {
            print(&format!("{}:", kind.title(lang)));
            let ids: Vec<&str> = terms(kind).iter().map(|term| term.id).collect();
            print(&format!("  {}\n", ids.join(", ")));
        }
        return Ok(exit::OK);
    }
    let Some((kind, term)) = explain(&word) else {
        if let Some(text) = flag(&word, lang) {
            print(&text);
            return Ok(exit::OK);
        }
        let all: Vec<&str> = TermKind::ALL
            .into_iter()
            .flat_map(|kind| terms(kind).iter().map(|term| term.id))
            .collect();
        let meant = closest(&word.to_lowercase(), &all)
            .map_or_else(String::new, |name| format!("did you mean `{name}`? "));
        return Err(Usage(format!(
            "`{word}` is no term of the results: {meant}`dualround explain` lists them"
        ))
        .into());
    };
    print(&text(kind, term, lang));
    Ok(exit::OK)
}

/// What the help says of a flag of `run`, with or without its dashes.
fn flag(word: &str, lang: Lang) -> Option<String> {
    let name = word.trim_start_matches('-').replace('_', "-");
    let command = args::command_in(lang);
    let run = command.find_subcommand("run")?;
    let found = run
        .get_arguments()
        .find(|arg| arg.get_long() == Some(name.as_str()))?;
    let help = found.get_long_help().or(found.get_help())?;
    Some(format!("--{name}  (dualround run)\n\n{help}"))
}

fn text(kind: TermKind, term: &Term, lang: Lang) -> String {
    let (title, of) = (term.title(lang), kind.title(lang));
    let id = if title.to_lowercase() == term.id {
        String::new()
    } else {
        format!("  `{}`", term.id)
    };
    format!("{title}{id}  ({of})\n\n{}", term.text(lang))
}
