//! The language of the locale, in which tables, labels and help are where none is chosen.

use dualround_model::Lang;

/// The language of the locale.
pub(crate) fn of_locale() -> Lang {
    of_environment(|name| std::env::var(name).ok())
}

/// POSIX order: LC_ALL, LC_MESSAGES, LANG; where none is set, the system's own setting.
fn of_environment(env: impl Fn(&str) -> Option<String>) -> Lang {
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
            of_environment(|name| match name {
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
