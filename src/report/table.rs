//! Tables for people. A column is as wide as its widest cell, numbers are aligned to the right, and
//! the last column is cut to what the terminal has room for. Widths count columns of the terminal,
//! not characters: a CJK character is two columns wide and a combining accent none.
//!
//! A [`TableStyle`] without a width, as for a file or a pipe, cuts nothing, so that no text is lost
//! where another program reads the table.

use super::paint;
use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// The heads of columns.
const HEAD: Style = AnsiColor::Cyan.on_default().bold();
/// The least width of the last column, in columns of the terminal.
const MIN_LAST_WIDTH: usize = 20;
/// The space between two columns.
const GAP: &str = "  ";

/// How a table is printed.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableStyle {
    /// The width of the terminal in columns; `None` for unlimited lines.
    pub width: Option<usize>,
    /// Whether to print colour codes.
    pub colour: bool,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableColumn {
    /// The text above the column.
    head: &'static str,
    /// Whether its cells are aligned to the right, as numbers are.
    align_right: bool,
    /// Whether it is left out if the terminal is too narrow.
    optional: bool,
}

impl TableColumn {
    /// Makes a column of text, aligned to the left. If it is the last one and too wide for the
    /// terminal, its cells are cut.
    pub const fn text(head: &'static str) -> Self {
        Self {
            head,
            align_right: false,
            optional: false,
        }
    }

    /// Makes a column of numbers, aligned to the right so that their digits line up.
    pub const fn number(head: &'static str) -> Self {
        Self {
            align_right: true,
            ..Self::text(head)
        }
    }

    /// Makes a column of text that may be left out. On a narrow terminal the rightmost optional
    /// column goes first, until the last column has its least width or none is left.
    pub const fn optional(head: &'static str) -> Self {
        Self {
            optional: true,
            ..Self::text(head)
        }
    }
}

/// Rows of cells under the heads of their columns.
#[derive(Debug)]
pub struct Table {
    columns: Vec<TableColumn>,
    rows: Vec<TableRow>,
}

/// A row, with the lines printed below it.
#[derive(Debug)]
struct TableRow {
    cells: Vec<String>,
    /// The style of the first cell.
    style: Style,
    notes: Vec<String>,
}

impl Table {
    /// Makes a table of these columns without rows. Printed as it is, it consists of the heads.
    #[must_use]
    pub fn new(columns: &[TableColumn]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Appends a row, which has one cell for each column. Only the first cell is printed in
    /// `style`, so that long tables stay readable.
    pub fn row(&mut self, cells: impl Into<Vec<String>>, style: Style) {
        self.rows.push(TableRow {
            cells: cells.into(),
            style,
            notes: Vec::new(),
        });
    }

    /// Appends an indented line below the last row, for text that fits no column, such as a sample.
    /// It is never cut. Without a row the call has no effect.
    pub fn note(&mut self, line: String) {
        if let Some(row) = self.rows.last_mut() {
            row.notes.push(line);
        }
    }

    /// Returns the table as lines, the heads first. Spaces at the ends of lines are left out. Cells
    /// are printed as they are, so the caller escapes text that comes from a corpus.
    #[must_use]
    pub fn text(&self, style: TableStyle) -> String {
        let shown = self.layout(style.width);
        let heads: Vec<&str> = self.columns.iter().map(|column| column.head).collect();
        let mut text = self.line(&heads, &shown, |_| style.colour.then_some(HEAD));
        for row in &self.rows {
            let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
            text.push_str(&self.line(&cells, &shown, |position| {
                (style.colour && position == 0).then_some(row.style)
            }));
            for note in &row.notes {
                text.push_str(&format!("    {note}\n"));
            }
        }
        text
    }

    /// Chooses the columns to print. Returns their indices and widths; with a `width` of the
    /// terminal, optional columns may be missing and the last one may be narrower than its cells.
    fn layout(&self, width: Option<usize>) -> Vec<(usize, usize)> {
        let mut shown: Vec<(usize, usize)> = (0..self.columns.len())
            .map(|index| (index, self.width_of(index)))
            .collect();
        let Some(width) = width else { return shown };
        while width_before_last(&shown) + MIN_LAST_WIDTH > width
            && let Some(spare) = shown
                .iter()
                .rposition(|&(index, _)| self.columns[index].optional)
        {
            shown.remove(spare);
        }
        let rest = width
            .saturating_sub(width_before_last(&shown))
            .max(MIN_LAST_WIDTH);
        if let Some((_, last)) = shown.last_mut() {
            *last = (*last).min(rest);
        }
        shown
    }

    /// Returns the width of the widest cell of a column, its head included.
    fn width_of(&self, index: usize) -> usize {
        self.rows
            .iter()
            .map(|row| row.cells[index].width())
            .fold(self.columns[index].head.width(), usize::max)
    }

    /// Returns one line of the table. `cells` has all cells of the row, of which the columns of
    /// `shown` are printed; `style_at` returns the style of the cell at a position among these.
    fn line(
        &self,
        cells: &[&str],
        shown: &[(usize, usize)],
        style_at: impl Fn(usize) -> Option<Style>,
    ) -> String {
        let mut parts = Vec::with_capacity(shown.len());
        for (position, &(index, width)) in shown.iter().enumerate() {
            let cell = if position + 1 == shown.len() {
                truncate(cells[index], width)
            } else {
                cells[index].to_owned()
            };
            // Colour codes have no width on a terminal, but `width` counts them.
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let style = style_at(position);
            let cell = paint(&cell, style.unwrap_or_default(), style.is_some());
            parts.push(if self.columns[index].align_right {
                format!("{padding}{cell}")
            } else {
                format!("{cell}{padding}")
            });
        }
        format!("{}\n", parts.join(GAP).trim_end())
    }
}

/// Returns the width of all columns but the last, with the gaps after them.
fn width_before_last(shown: &[(usize, usize)]) -> usize {
    shown[..shown.len() - 1]
        .iter()
        .map(|(_, width)| width + GAP.len())
        .sum()
}

/// Returns `text` if it fits into `width` columns of the terminal, and otherwise the longest part
/// of its start that fits with an ellipsis after it.
fn truncate(text: &str, width: usize) -> String {
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
    fn columns_are_aligned_by_width_on_a_terminal() {
        let mut table = Table::new(&[
            TableColumn::text("RULE"),
            TableColumn::optional("KIND"),
            TableColumn::number("HITS"),
            TableColumn::text("WHAT"),
        ]);
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
            "RULE     KIND   HITS  WHAT\n\
             share/a  share     7  Share bars of all kinds, and what stands in them\n\
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
