//! Parts of a document whose form says what they are, whatever their lines say. If the form is
//! certain, nothing is removed from them, so that a table keeps all its rows, and a block of code
//! both its fences. Fenced code, front matter and tables are found here, and each other structure
//! in a file of its own:
//!
//! - `runs`: block quotes, lists, dialogue, specifications, source code without fences
//! - `pairs`: definitions, questions with answers, timelines
//! - `verse`, `lyrics`, `transcript`, `recipe`, `changelog`, `columns`: what their names say
//!
//! ```text
//! ---                   front matter: fields between two fences at the start of the text
//! title: Greek salad
//! ---
//!
//! ~~~sh                 fenced code: up to a fence of the same kind
//! make install
//! ~~~
//!
//! | Town | Cars |       table: rows with bars around a row of dashes,
//! |------|------|       or three or more rows with the same number of tabs
//! | Hull | 9000 |
//! ```

mod changelog;
mod columns;
mod entries;
mod found;
mod line_form;
mod lyrics;
mod pairs;
mod recipe;
mod runs;
mod transcript;
mod verse;

pub(crate) use found::{Found, Structure};

use super::lines::TextLines;
use crate::steps;
use line_form::FormedLines;
use std::ops::RangeInclusive;

/// Maximum number of lines of front matter, blank ones not counted.
const MAX_FRONT_MATTER_LINES: usize = 100;
/// Minimum number of rows of a table of tabs.
const MIN_TABBED_ROWS: usize = 3;
/// Minimum number of tabs of each of its rows. Lines with a single tab are often menus.
const MIN_TABS: usize = 2;
/// Number of characters of a fence of code. A longer line of them is a separator.
const FENCE_LEN: RangeInclusive<usize> = 3..=20;

/// Returns the structures of a document, in the order of their first lines. Those of different
/// kinds can overlap.
pub(crate) fn structures(lines: &TextLines<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    find_marked(lines, &mut found);
    let text = FormedLines::new(lines);
    runs::find(&text, &mut found);
    pairs::find(&text, &mut found);
    verse::find(&text, &mut found);
    lyrics::find(&text, &mut found);
    transcript::find(&text, &mut found);
    recipe::find(&text, &mut found);
    changelog::find(&text, &mut found);
    columns::find(&text, &mut found);
    found.sort_by_key(|own| own.lines.start);
    found
}

/// Finds front matter, fenced code and tables. One ends before the next one starts.
fn find_marked(lines: &TextLines<'_>, found: &mut Vec<Found>) {
    let document = lines.document();
    // The bars and tabs from the current line on. Most lines have none.
    let mut columns = memchr::memchr2_iter(b'|', b'\t', document.text().as_bytes()).peekable();
    let mut line = 0;
    let mut unclosed = Unclosed::default();
    while line < lines.count() {
        let span = document.line(lines.number(line));
        while columns.next_if(|&at| at < span.start()).is_some() {}
        let has_columns = columns.peek().is_some_and(|&at| at < span.end());
        let front_matter = if line == 0 {
            front_matter_end(lines)
        } else {
            None
        };
        let (structure, end) = if let Some(end) = front_matter {
            (Structure::FrontMatter, end)
        } else if let Some(end) = code_end(lines, line, &mut unclosed) {
            (Structure::Code, end)
        } else if has_columns && let Some(end) = table_end(lines, line) {
            (Structure::Table, end)
        } else {
            line += 1;
            continue;
        };
        found.push(Found {
            structure,
            lines: line..end,
            is_certain: true,
        });
        line = end;
    }
}

/// Returns whether the text starts with front matter, which web pages do not have: it is the source
/// of a page or a note, so that there are no menus and notices around it.
pub(crate) fn has_front_matter(lines: &TextLines<'_>) -> bool {
    front_matter_end(lines).is_some()
}

/// Returns the end of the front matter: lines between two lines of `---` or `+++`, the first of
/// which starts the text. All of them must be fields, items, comments or indented, and one of them
/// a field.
fn front_matter_end(lines: &TextLines<'_>) -> Option<usize> {
    if lines.count() == 0 {
        return None;
    }
    let fence = lines.text(0);
    if !matches!(fence, "---" | "+++") {
        return None;
    }
    let mut has_field = false;
    for line in 1..lines.count().min(MAX_FRONT_MATTER_LINES) {
        let text = lines.text(line);
        if text == fence || text == "..." {
            return has_field.then_some(line + 1);
        }
        let is_field = is_field(text);
        has_field |= is_field;
        let is_indented = lines.document().line(lines.number(line)).len() > text.len() + 2;
        if !is_field && !text.starts_with(['-', '#', '[', ']', '{', '}']) && !is_indented {
            return None;
        }
    }
    None
}

/// Returns whether a line is a field: a name, and `:` or `=` after it.
fn is_field(text: &str) -> bool {
    let name_len = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    let rest = text[name_len..].trim_start();
    name_len > 0 && rest.starts_with([':', '='])
}

/// The shortest fences that nothing closes so far: of backticks, and of tildes. No longer one is
/// closed either, so that the rest of a text is read at most once for each length.
struct Unclosed([usize; 2]);

impl Default for Unclosed {
    fn default() -> Self {
        Self([usize::MAX; 2])
    }
}

/// Returns the end of the fenced code that starts with this line; `None` if the line is no fence or
/// nothing closes it.
fn code_end(lines: &TextLines<'_>, first: usize, unclosed: &mut Unclosed) -> Option<usize> {
    let (fence, len, info) = fence(lines.text(first))?;
    let shortest = &mut unclosed.0[usize::from(fence == b'~')];
    if info.contains('`') || len >= *shortest {
        return None;
    }
    let end = (first + 1..lines.count())
        .inspect(|_| steps::count(1))
        .find(|&line| {
            self::fence(lines.text(line)).is_some_and(|(other, other_len, info)| {
                other == fence && other_len >= len && info.is_empty()
            })
        });
    if end.is_none() {
        *shortest = len;
    }
    end.map(|line| line + 1)
}

/// Returns the character of a fence of code, how often the line starts with it, and what follows;
/// `None` if the line is no fence.
fn fence(text: &str) -> Option<(u8, usize, &str)> {
    let first = *text.as_bytes().first()?;
    if !matches!(first, b'`' | b'~') {
        return None;
    }
    let len = text.bytes().take_while(|&byte| byte == first).count();
    FENCE_LEN.contains(&len).then(|| (first, len, &text[len..]))
}

/// Returns the end of the table that starts with this line; `None` if none does.
fn table_end(lines: &TextLines<'_>, first: usize) -> Option<usize> {
    let text = lines.text(first);
    if memchr::memchr(b'|', text.as_bytes()).is_some() {
        return barred_end(lines, first);
    }
    let tabs = count_tabs(text);
    if tabs < MIN_TABS {
        return None;
    }
    let end = run_end(lines, first, |text| count_tabs(text) == tabs);
    (end >= first + MIN_TABBED_ROWS).then_some(end)
}

/// Returns the end of a table with bars: adjacent lines with bars, the second of which is a row of
/// dashes, and at least one more.
fn barred_end(lines: &TextLines<'_>, first: usize) -> Option<usize> {
    if first + 2 >= lines.count() || !is_delimiter_row(lines.text(first + 1)) {
        return None;
    }
    let end = run_end(lines, first, |text| text.contains('|'));
    (end >= first + 3).then_some(end)
}

/// Returns whether a line consists of bars and dashes, as below the head of a table.
fn is_delimiter_row(text: &str) -> bool {
    text.contains("--")
        && text
            .bytes()
            .all(|byte| matches!(byte, b'|' | b'-' | b':' | b'+' | b' '))
}

/// Returns the end of the run of lines from `first` on that follow each other directly and that
/// `belongs` accepts.
fn run_end(lines: &TextLines<'_>, first: usize, belongs: impl Fn(&str) -> bool) -> usize {
    (first + 1..lines.count())
        .inspect(|_| steps::count(1))
        .find(|&line| {
            lines.number(line) != lines.number(line - 1) + 1 || !belongs(lines.text(line))
        })
        .unwrap_or(lines.count())
}

fn count_tabs(text: &str) -> usize {
    memchr::memchr_iter(b'\t', text.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::Structure::{Code, FrontMatter, Table};
    use super::*;
    use std::ops::Range;

    /// Returns the certain structures of a text.
    fn find(text: &str) -> Vec<(Structure, Range<usize>)> {
        let document = Document::new(text).unwrap();
        structures(&TextLines::new(&document, Vec::new()))
            .into_iter()
            .filter(|found| found.is_certain)
            .map(|found| (found.structure, found.lines))
            .collect()
    }

    #[test]
    fn code_is_between_two_fences() {
        assert_eq!(find("One.\n```sh\n\nShare\n```\nTwo."), [(Code, 1..4)]);
        assert_eq!(find("~~~~\n```\n~~~\n~~~~\n```\nopen"), [(Code, 0..4)]);
        assert_eq!(find("```not `code`\nShare\n```"), []);
        assert_eq!(find("````\nopen\n```sh\nShare\n```\n"), [(Code, 2..5)]);
        let separator = "~".repeat(30);
        assert_eq!(find(&format!("{separator}\nShare\n{separator}")), []);
    }

    #[test]
    fn front_matter_starts_the_text_and_has_fields() {
        let text = "---\ntitle: Greek salad\ntags:\n  - salad\n# a comment\n---\nCut.";
        assert_eq!(find(text), [(FrontMatter, 0..6)]);
        assert_eq!(find("+++\ndate = 2021\n+++\n"), [(FrontMatter, 0..3)]);
        assert_eq!(find("---\nShare\n---\nCut."), []);
        assert_eq!(find("One.\n---\ntitle: x\n---\n"), []);
    }

    #[test]
    fn tables_have_bars_and_dashes_or_tabs() {
        assert_eq!(
            find("One.\nTown | Cars\n--- | ---\nHull | 9000\n\nHome | News"),
            [(Table, 1..4)]
        );
        assert_eq!(find("Home | News\nSport | Share\nLogin | Help"), []);
        assert_eq!(find("a\t1\t2\nb\t\t\nc\t3\t4\nd"), []);
        assert_eq!(find("a\t1\t2\nb\t5\t6\nc\t3\t4\nd"), [(Table, 0..3)]);
        assert_eq!(find("Home\tNews\nSport\tShare\nLogin\tHelp"), []);
    }

    #[test]
    fn certain_structures_are_found_and_furniture_is_not() {
        let data: toml::Table = include_str!("../../testdata/structures.toml")
            .parse()
            .unwrap();
        let problems: Vec<String> = data["test"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|test| {
                let found: Vec<String> = find(test["text"].as_str().unwrap())
                    .into_iter()
                    .map(|(structure, lines)| format!("{structure:?} {lines:?}"))
                    .collect();
                let expected: Vec<String> = test["found"].clone().try_into().unwrap();
                (found != expected).then(|| format!("{:?}: {found:?}", test["name"]))
            })
            .collect();
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn structures_without_certainty_are_found() {
        let kinds = |text: &str| {
            let document = Document::new(text).unwrap();
            structures(&TextLines::new(&document, Vec::new()))
                .into_iter()
                .map(|found| (found.structure, found.lines))
                .collect::<Vec<_>>()
        };
        let pairs = "Weight: 2 kg\nWidth: 12 cm\nColour: red\nMaterial: oak\n";
        assert_eq!(kinds(pairs), [(Structure::Specification, 0..4)]);
        let cells = "Hull\n9000\nYork\n7100\nLeeds\n500\nGoole\n80\n";
        assert_eq!(kinds(cells), [(Structure::Columns, 0..8)]);
        let cells = "Town\n".repeat(3) + &("Hull\n".repeat(6) + "9000\n").repeat(4);
        assert_eq!(kinds(&cells), [(Structure::Columns, 3..31)]);
        assert_eq!(
            kinds("- Home\n- News\n- Sport\n"),
            [(Structure::List, 0..3)]
        );
    }
}
