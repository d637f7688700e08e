//! Tables of which extraction made a line of each cell, so that figures come back at a regular
//! distance. Such runs are never certain: lists of products and of dated articles look the same.
//!
//! ```text
//! Hull        a row of three cells
//! 9000
//! 12 km
//! York        the next one
//! 7100
//! 8 km
//! ```

use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;

/// Numbers of cells of a row.
const CELLS: std::ops::RangeInclusive<usize> = 2..=7;
/// Minimum number of rows.
const MIN_ROWS: usize = 4;

/// Finds the tables of a text.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        if !text.is(line, flag::CELL) {
            line += 1;
            continue;
        }
        let end = text.run_end(line, |line| text.is(line, flag::CELL));
        while line < end {
            let Some(figure) = (line..end).find(|&line| text.is(line, flag::FIGURE)) else {
                line = end;
                continue;
            };
            // Each row has a figure, so that no row starts further before the first one.
            line = line.max((figure + 1).saturating_sub(*CELLS.end()));
            if let Some(rows_end) = CELLS
                .into_iter()
                .find_map(|cells| rows_end(text, line, end, cells))
            {
                found.push(Found {
                    structure: Structure::Columns,
                    lines: line..rows_end,
                    is_certain: false,
                });
                line = rows_end;
            } else {
                line += 1;
            }
        }
    }
}

/// Returns the end of the rows with this number of cells that start with line `first`. Cells of a
/// column are figures in all rows or in none. There are columns of both kinds.
fn rows_end(text: &FormedLines<'_, '_>, first: usize, end: usize, cells: usize) -> Option<usize> {
    if first + MIN_ROWS * cells > end {
        return None;
    }
    let is_figure = |line: usize| text.is(line, flag::FIGURE);
    let figures = (first..first + cells)
        .filter(|&line| is_figure(line))
        .count();
    if figures == 0 || figures == cells {
        return None;
    }
    let rows_end = (first + cells..end)
        .inspect(|_| steps::count(1))
        .find(|&line| is_figure(line) != is_figure(line - cells))
        .unwrap_or(end);
    (rows_end >= first + MIN_ROWS * cells).then_some(rows_end)
}
