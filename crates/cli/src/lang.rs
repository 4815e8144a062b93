//! The language of tables and labels.

use crate::exit::Usage;
use dualround_model::Lang;

/// `zh`, `en`, or `auto` by the locale.
fn choose(asked: Option<&str>) -> Option<Lang> {
    match asked.unwrap_or("auto") {
        "zh" => Some(Lang::Zh),
        "en" => Some(Lang::En),
        "auto" => Some(of_locale(|name| std::env::var(name).ok())),
        _ => None,
    }
}

/// The language that `--lang` names.
///
/// # Errors
/// [`Usage`] for any other word.
pub(crate) fn flag(asked: Option<&str>) -> Result<Lang, Usage> {
    let word = asked.unwrap_or_default();
    choose(asked).ok_or_else(|| Usage(format!("--lang {word}: choose zh, en or auto")))
}

/// POSIX order: LC_ALL, LC_MESSAGES, LANG; where none is set, the system's own setting.
fn of_locale(env: impl Fn(&str) -> Option<String>) -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| env(name).filter(|v| !v.is_empty()));
    let locale = set.or_else(sys_locale::get_locale).unwrap_or_default();
    if locale.to_ascii_lowercase().starts_with("zh") {
        Lang::Zh
    } else {
        Lang::En
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_set_decides() {
        let locale = |all: &str, lang: &str| {
            of_locale(|name| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LANG" => Some(lang.to_owned()),
                _ => None,
            })
        };
        assert_eq!(locale("", "zh_CN.UTF-8"), Lang::Zh);
        assert_eq!(locale("zh_CN.GBK", "en_US"), Lang::Zh);
        assert_eq!(locale("C", "zh_CN"), Lang::En);
    }
}
