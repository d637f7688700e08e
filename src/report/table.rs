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
pub struct TableStyle {
    /// Characters on a line of the terminal; none for as many as there are.
    pub width: Option<usize>,
    /// Whether there are colour codes.
    pub colour: bool,
}

/// Rows of cells under heads. A head that begins with `>` sets its column to the right, one that begins with `?` may be
/// left out where the terminal is too narrow.
#[derive(Debug)]
pub struct Table {
    heads: Vec<&'static str>,
    rows: Vec<TableRow>,
}

#[derive(Debug)]
struct TableRow {
    cells: Vec<String>,
    style: Style,
    notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(heads: &[&'static str]) -> Self {
        Self {
            heads: heads.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, its first cell in a style.
    pub fn row(&mut self, cells: impl Into<Vec<String>>, style: Style) {
        self.rows.push(TableRow {
            cells: cells.into(),
            style,
            notes: Vec::new(),
        });
    }

    /// Adds a line of its own below the last row.
    pub fn note(&mut self, line: String) {
        if let Some(row) = self.rows.last_mut() {
            row.notes.push(line);
        }
    }

    /// The table as lines.
    #[must_use]
    pub fn text(&self, setting: TableStyle) -> String {
        let bare = |column: usize| self.heads[column].trim_start_matches(['>', '?']);
        let widest = |column: usize| {
            self.rows
                .iter()
                .map(|row| row.cells[column].width())
                .chain([bare(column).width()])
                .max()
                .unwrap_or(0)
        };
        let mut columns: Vec<(usize, usize)> = (0..self.heads.len())
            .map(|column| (column, widest(column)))
            .collect();
        if let Some(width) = setting.width {
            let taken = |columns: &[(usize, usize)]| {
                columns[..columns.len() - 1]
                    .iter()
                    .map(|(_, width)| width + 2)
                    .sum::<usize>()
            };
            let is_spare = |(column, _): &(usize, usize)| self.heads[*column].starts_with('?');
            while taken(&columns) + LEAST > width
                && let Some(spare) = columns.iter().rposition(is_spare)
            {
                columns.remove(spare);
            }
            let left = width.saturating_sub(taken(&columns)).max(LEAST);
            if let Some((_, last)) = columns.last_mut() {
                *last = (*last).min(left);
            }
        }
        let line = |cell: &dyn Fn(usize) -> String, style: Style, all: bool| {
            let set = |(place, &(column, width)): (usize, &(usize, usize))| {
                let cell = if place + 1 == columns.len() {
                    fit(&cell(column), width)
                } else {
                    cell(column)
                };
                let pad = " ".repeat(width.saturating_sub(cell.width()));
                let cell = if setting.colour && (all || place == 0) {
                    format!("{style}{cell}{style:#}")
                } else {
                    cell
                };
                if self.heads[column].starts_with('>') {
                    format!("{pad}{cell}")
                } else {
                    format!("{cell}{pad}")
                }
            };
            let cells: Vec<String> = columns.iter().enumerate().map(set).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        let mut text = line(&|column| bare(column).to_owned(), HEAD, true);
        for row in &self.rows {
            text.push_str(&line(&|column| row.cells[column].clone(), row.style, false));
            row.notes
                .iter()
                .for_each(|note| text.push_str(&format!("    {note}\n")));
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
        let mut table = Table::new(&["RULE", "?KIND", ">HITS", "WHAT"]);
        let long = "Share bars of all kinds, and what stands in them";
        table.row(
            ["share/a", "share", "7", long].map(str::to_owned),
            Style::new(),
        );
        table.row(
            ["日本/b", "x", "1300", "short"].map(str::to_owned),
            Style::new(),
        );
        table.note("a note".to_owned());
        let text = table.text(TableStyle::default());
        assert_eq!(
            text,
            "RULE     KIND   HITS  WHAT\nshare/a  share     7  Share bars of all kinds, and what stands in them\n\
             日本/b   x      1300  short\n    a note\n"
        );
        let narrow = table.text(TableStyle {
            width: Some(40),
            colour: false,
        });
        assert!(
            narrow.lines().all(|line| line.width() <= 40)
                && narrow.contains("Share bars of all kinds,…")
                && !narrow.contains("KIND"),
            "{narrow}"
        );
        assert!(
            table
                .text(TableStyle {
                    width: None,
                    colour: true
                })
                .contains("\u{1b}[")
        );
    }
}
