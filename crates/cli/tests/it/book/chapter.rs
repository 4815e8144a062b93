//! A chapter as its parts: headings, tables, blocks of code, links.

use super::folder;
use std::fs;

/// A block of code with what stands before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CodeBlock {
    /// Line of the fence, from 1.
    pub(super) line: usize,
    /// The word behind the fence.
    pub(super) language: String,
    /// What is in it.
    pub(super) text: String,
    /// Comments directly before it: `no-run: …`, `exit: N`, `engine: FLAGS`.
    pub(super) marks: Vec<String>,
    /// It follows a block of commands with nothing but blank lines between.
    pub(super) follows: bool,
}

impl CodeBlock {
    /// The words of a mark, where it has that.
    pub(super) fn mark(&self, name: &str) -> Option<&str> {
        let mut marks = self.marks.iter();
        marks.find_map(|mark| mark.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A chapter.
#[derive(Debug, Default)]
pub(super) struct Chapter {
    /// Level and words of each heading.
    pub(super) headings: Vec<(usize, String)>,
    /// Columns of each row of each table.
    pub(super) tables: Vec<Vec<usize>>,
    /// The blocks of code.
    pub(super) blocks: Vec<CodeBlock>,
    /// Targets of links and pictures.
    pub(super) links: Vec<String>,
}

impl Chapter {
    /// Reads a chapter of a book.
    pub(super) fn read(lang: &str, path: &str) -> Self {
        let file = folder(lang).join(path);
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut chapter = Self::default();
        let mut marks = Vec::new();
        let mut after_commands = false;
        let mut lines = text.lines().enumerate();
        let mut in_table = false;
        while let Some((at, line)) = lines.next() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                let body: Vec<&str> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| !line.trim_start().starts_with("```"))
                    .collect();
                let block = CodeBlock {
                    line: at + 1,
                    language: language.to_owned(),
                    text: body.join("\n"),
                    marks: std::mem::take(&mut marks),
                    follows: after_commands,
                };
                after_commands = block.language == "bash";
                chapter.blocks.push(block);
                continue;
            }
            if let Some(mark) = line.strip_prefix("<!-- ") {
                marks.push(mark.trim_end_matches(" -->").to_owned());
                continue;
            }
            if !line.trim().is_empty() {
                marks.clear();
                after_commands = false;
            }
            let level = line.chars().take_while(|c| *c == '#').count();
            if level > 0 && line[level..].starts_with(' ') {
                chapter.headings.push((level, line[level + 1..].to_owned()));
            }
            let is_row = line.starts_with('|');
            if is_row {
                if !in_table {
                    chapter.tables.push(Vec::new());
                }
                // A bar within code, or behind a backslash, ends no cell.
                let cells = cells(line);
                chapter.tables.last_mut().unwrap().push(cells);
            }
            in_table = is_row;
            chapter.links.extend(links(line));
        }
        chapter
    }
}

/// Cells of a row of a table.
fn cells(line: &str) -> usize {
    let mut count: usize = 0;
    let mut escaped = false;
    for c in line.chars() {
        if c == '|' && !escaped {
            count += 1;
        }
        escaped = c == '\\';
    }
    count.saturating_sub(1)
}

/// Targets of the links of a line; what stands in code is none.
fn links(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let plain: Vec<&str> = line.split('`').step_by(2).collect();
    let mut rest = plain.join("``");
    while let Some(at) = rest.find("](") {
        rest = rest[at + 2..].to_owned();
        let Some(end) = rest.find(')') else { break };
        out.push(rest[..end].to_owned());
    }
    out
}

/// The chapters of a book, in the order of its list.
pub(super) fn chapters(lang: &str) -> Vec<String> {
    let list = fs::read_to_string(folder(lang).join("SUMMARY.md")).unwrap();
    let paths = list.lines().flat_map(links);
    let found: Vec<String> = paths.collect();
    assert!(found.len() > 20, "{lang}: {found:?}");
    found
}

/// The anchor of a heading, as GitHub and mdBook make it.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

#[test]
fn a_chapter_is_read_as_people_see_it() {
    assert_eq!(cells("| a | b \\| c | `d` |"), 3);
    assert_eq!(
        links("see [x](a.md) and `[no](b.md)`, ![p](images/p.png)"),
        ["a.md", "images/p.png"]
    );
    assert_eq!(anchor("What is `sent`, 冷轮?"), "what-is-sent-冷轮");
}
