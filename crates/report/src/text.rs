//! Text on a terminal: display width, and what servers may not do to it.

use unicode_width::UnicodeWidthStr;

/// Narrower terminals break lines themselves.
const MIN_COLUMNS: usize = 20;

/// Replaces control characters, so that no text from outside can move the cursor or change colours.
pub fn safe_text(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '�'
            } else {
                c
            }
        })
        .collect()
}

/// A line broken for a terminal of so many columns; what goes on is indented by `indent`. Without
/// columns (a pipe, a file) it stays one line. Flags and URLs are never cut.
pub fn wrap(line: &str, columns: Option<usize>, indent: &str) -> String {
    let Some(columns) = columns else {
        return line.to_owned();
    };
    let options = textwrap::Options::new(columns.max(MIN_COLUMNS))
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(line, options)
}

/// The columns that a text takes on a terminal; CJK characters take two.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The width of the widest cell of each column.
pub(crate) fn widest<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0))
}

/// A text cut to `columns` with `…` if it is wider, else padded to it.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let cut = width(text) > columns;
    let room = if cut {
        columns.saturating_sub(1)
    } else {
        columns
    };
    let mut used = 0;
    for c in text.chars() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        if used + wide > room {
            break;
        }
        out.push(c);
        used += wide;
    }
    if cut {
        out.push('…');
        used += 1;
    }
    out.extend(std::iter::repeat_n(' ', columns - used.min(columns)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b141_width_counts_columns() {
        assert_eq!(width(&fit("请求吞吐量", 14)), 14);
        assert_eq!(width(&fit("请求吞吐量的一个很长的名字", 14)), 14);
        assert!(fit(&"x".repeat(60), 30).ends_with('…'));
    }

    #[test]
    fn lines_are_broken_between_words_and_between_chinese_characters() {
        let line = "  - more cycles (--rounds CWCWCW) tell more than one";
        let broken = wrap(line, Some(26), "    ");
        assert!(broken.lines().all(|line| width(line) <= 26), "{broken}");
        assert!(
            broken.contains("(--rounds") && broken.contains("\n    "),
            "{broken}"
        );
        let broken = wrap("冷轮已核实为冷，其余见下：加速比 2.01×", Some(20), "");
        assert!(broken.lines().all(|line| width(line) <= 20), "{broken}");
        assert!(
            broken.lines().all(|line| !line.starts_with('，')),
            "{broken}"
        );
        assert_eq!(wrap(line, None, "  "), line);
    }

    #[test]
    fn b155_escapes_are_neutralised() {
        assert_eq!(safe_text("a\x1b[2Jb\r"), "a�[2Jb�");
    }
}
