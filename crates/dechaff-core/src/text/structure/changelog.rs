//! Changelogs: numbers of versions, the newest first, each with a list below it.
//!
//! ```text
//! 2.1.0 (3 May 2021)
//! Added
//! - Button for sharing
//! 2.0.3
//! - The reply form does not close
//! ```

use super::entries::version;
use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;

/// Minimum number of versions of a changelog.
const MIN_VERSIONS: usize = 2;
/// Maximum number of words of a heading above items.
const MAX_HEADING_WORDS: usize = 3;

/// Finds the changelogs of a text. Half of the items have two or more words.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        if !text.is(line, flag::VERSION) {
            line += 1;
            continue;
        }
        let (mut versions, mut end) = (0, line);
        let (mut items, mut long_items) = (0, 0);
        let (mut last_version, mut has_items) = (None, true);
        for own in line..text.count() {
            steps::count(1);
            if text.is(own, flag::VERSION) {
                let number = version(text.text(own));
                if !has_items || last_version.is_some_and(|last| number >= last) {
                    break;
                }
                (last_version, has_items) = (Some(number), false);
            } else if text.is(own, flag::BULLET) {
                versions += usize::from(!has_items);
                has_items = true;
                items += 1;
                long_items += usize::from(text.words(own) > 2);
                end = own + 1;
            } else if !is_heading(text, own) {
                break;
            }
        }
        if versions >= MIN_VERSIONS && long_items * 2 >= items {
            found.push(Found {
                structure: Structure::Changelog,
                lines: line..end,
                is_certain: true,
            });
        }
        line = end.max(line + 1);
    }
}

/// Returns whether a line is a short one above an item.
fn is_heading(text: &FormedLines<'_, '_>, line: usize) -> bool {
    text.words(line) <= MAX_HEADING_WORDS
        && line + 1 < text.count()
        && text.is(line + 1, flag::BULLET)
}
