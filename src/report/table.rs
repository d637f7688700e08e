//! Tables for people: columns as wide as what is in them, numbers to the right, and of the last column as much as fits the
//! terminal. Widths are those of characters on a terminal, not their number.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// Heads of columns.
const HEAD: Style = AnsiColor::Cyan.on_default().bold();
/// The least that is left of a last column.
const LEAST: usize = 20;

/// How a table is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting {
    /// Characters on a line of the terminal; none for as many as there are.
    pub width: Option<usize>,
    /// Whether there are colour codes.
    pub colour: bool,
}

/// Rows of cells under heads. A head that begins with `>` sets its column to the right.
#[derive(Debug)]
pub struct Table<'h, const N: usize> {
    heads: [&'h str; N],
    rows: Vec<([String; N], Style, Vec<String>)>,
}

impl<'h, const N: usize> Table<'h, N> {
    /// A table without rows.
    #[must_use]
    pub fn new(heads: [&'h str; N]) -> Self {
        Self { heads, rows: Vec::new() }
    }

    /// Adds a row, its first cell in a style.
    pub fn row(&mut self, cells: [String; N], style: Style) {
        self.rows.push((cells, style, Vec::new()));
    }

    /// Adds a line of its own below the last row.
    pub fn note(&mut self, line: String) {
        if let Some((.., notes)) = self.rows.last_mut() {
            notes.push(line);
        }
    }

    /// The table as lines.
    #[must_use]
    pub fn text(&self, setting: Setting) -> String {
        let heads: Vec<&str> = self.heads.iter().map(|head| head.trim_start_matches('>')).collect();
        let widest = |column: usize| self.rows.iter().map(|(cells, ..)| cells[column].width()).chain([heads[column].width()]).max();
        let mut widths: Vec<usize> = (0..N).map(|column| widest(column).unwrap_or(0)).collect();
        if let (Some(width), Some((last, others))) = (setting.width, widths.split_last_mut()) {
            let taken: usize = others.iter().map(|width| width + 2).sum();
            *last = (*last).min(width.saturating_sub(taken).max(LEAST));
        }
        let line = |cells: &[&str], style: Style, all: bool| {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let cell = if column + 1 == N { fit(cell, widths[column]) } else { (*cell).to_owned() };
                let pad = " ".repeat(widths[column].saturating_sub(cell.width()));
                let cell = if setting.colour && (all || column == 0) { format!("{style}{cell}{style:#}") } else { cell };
                let to_the_right = self.heads[column].starts_with('>');
                line.push_str(&if to_the_right { format!("{pad}{cell}") } else { format!("{cell}{pad}") });
                line.push_str("  ");
            }
            format!("{}\n", line.trim_end())
        };
        let mut text = line(&heads, HEAD, true);
        for (cells, style, notes) in &self.rows {
            text.push_str(&line(&cells.each_ref().map(String::as_str), *style, false));
            notes.iter().for_each(|note| text.push_str(&format!("    {note}\n")));
        }
        text
    }
}

/// As much of a text as fits, with a mark where it goes on.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.width() + c.to_string().width() + 1 > width {
            break;
        }
        short.push(c);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(["RULE", ">HITS", "WHAT"]);
        let long = "Share bars of all kinds, and what stands in them";
        table.row(["share/a", "7", long].map(str::to_owned), Style::new());
        table.row(["日本/b", "1300", "short"].map(str::to_owned), Style::new());
        table.note("a note".to_owned());
        let text = table.text(Setting::default());
        assert_eq!(
            text,
            "RULE     HITS  WHAT\nshare/a     7  Share bars of all kinds, and what stands in them\n日本/b   1300  short\n    a note\n"
        );
        let narrow = table.text(Setting { width: Some(40), colour: false });
        assert!(narrow.lines().all(|line| line.width() <= 40) && narrow.contains("Share bars of all kin…"), "{narrow}");
        assert!(table.text(Setting { width: None, colour: true }).contains("\u{1b}["));
    }
}
