//! Opens a page in the user's browser, where there is one.

use crate::screen::note;
use dualround_model::Lang;
use std::path::Path;

/// Opens a page, or says where it is and why it was not opened: that is no failure of the run.
pub(crate) fn open(page: &Path, lang: Lang) {
    let opened = if has_screen() {
        // A link of its own, since a browser starts elsewhere.
        let page = page.canonicalize().unwrap_or_else(|_| page.to_owned());
        let called = open::that_detached(page);
        // Its own words are the ends of several programs that were tried.
        called.map_err(|_| lang.pick(["no program that opens pages", "没有能打开网页的程序"]))
    } else {
        Err(lang.pick(["there is no display here", "此处没有图形界面"]))
    };
    if let Err(reason) = opened {
        let page = page.display();
        note(&lang.pick([
            format!("no browser was opened ({reason}): open {page} yourself"),
            format!("未能打开浏览器（{reason}）：请自行打开 {page}"),
        ]));
    }
}

/// Over ssh a text browser would take the terminal. Other systems have a screen of their own.
#[cfg(all(unix, not(target_os = "macos")))]
fn has_screen() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Windows opens pages for its Linux.
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
        .into_iter()
        .any(set)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn has_screen() -> bool {
    true
}
