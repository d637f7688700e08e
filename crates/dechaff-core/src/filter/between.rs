//! The filter for short lines between removed ones, for cleaners without the line model. Menus and
//! footers have labels that no rule knows:
//!
//! ```text
//! Home              removed
//! News              removed
//! Harbour           no rule matches
//! Letters           no rule matches
//! Log in            removed
//! Subscribe         removed
//! ```
//!
//! One removed line on each side is not enough: between two buttons of a shop stands the name of a
//! product.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, ends_like_sentence, has_word, word_count};
use dechaff_rules::rule::RuleId;

/// Most words of a short line.
const MAX_WORDS: usize = 4;

/// Least number of adjacent removed lines above and below a short line.
const MIN_REMOVED: usize = 2;

/// Most lines between the removed lines above and those below.
const MAX_LINES: usize = 20;

/// Marks short lines between removed ones.
#[derive(Debug)]
pub(super) struct Between {
    rule: RuleId,
}

impl Between {
    const RULE: &str = "structure/between";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Between {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        let from_above = distances(view, 0..view.line_count());
        let from_below = distances(view, (0..view.line_count()).rev());
        for line in (0..view.line_count()).filter(|&line| !view.is_cut(line)) {
            if let (Some(above), Some(below)) = (from_above[line], from_below[line])
                && above + below <= MAX_LINES + 1
                && has_word(view.text(line))
            {
                marks.add(view.span(line), self.rule);
            }
        }
    }
}

/// Returns for each line of the view how many lines, itself included, come after the last
/// [`MIN_REMOVED`] adjacent removed lines in the order of `lines`. Returns `None` if they are more
/// than [`MAX_LINES`], if one of them is neither short nor removed, or if there are no such
/// removed lines.
///
/// A distance does not grow if more lines are removed. A higher level therefore never removes less.
fn distances(view: &View<'_>, lines: impl Iterator<Item = usize>) -> Vec<Option<usize>> {
    let mut distances = vec![None; view.line_count()];
    let mut distance: Option<usize> = None;
    let mut adjacent = 0;
    for line in lines {
        let is_removed = view.is_cut(line);
        adjacent = if is_removed { adjacent + 1 } else { 0 };
        distance = if adjacent >= MIN_REMOVED {
            Some(0)
        } else {
            distance
                .map(|distance| distance + 1)
                .filter(|&distance| distance <= MAX_LINES)
                .filter(|_| is_removed || is_short(view, line))
        };
        distances[line] = distance;
    }
    distances
}

/// Returns whether a line has at most [`MAX_WORDS`] words and is neither a part of a sentence nor a
/// heading.
fn is_short(view: &View<'_>, line: usize) -> bool {
    let text = view.text(line);
    !view.is_wrapped(line)
        && !text.starts_with('#')
        && !text.ends_with([':', '：'])
        && !ends_like_sentence(text)
        && word_count(text) <= MAX_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleaner::Cleaner;

    /// Cleans `text` with the built-in rules except the line model and runs of labels, which would
    /// include a single line between two labels.
    fn clean(text: &str) -> String {
        let cleaner = Cleaner::builder()
            .skip(["model", "labels"])
            .build()
            .unwrap();
        cleaner.clean_text(text).into_owned()
    }

    /// Returns a text with `between` on lines of their own between two removed lines and two more.
    fn surrounded(between: &[&str]) -> String {
        let between = between.join("\n");
        format!(
            "The bridge opens on Monday.\nAdvertisement\nAll rights reserved\n{between}\n\
             Advertisement\nAll rights reserved\nIt cost four million.\n"
        )
    }

    #[test]
    fn only_short_lines_between_removed_lines_are_removed() {
        let prose = "The bridge opens on Monday.\nIt cost four million.\n";
        for short in ["Harbour", "* Harbour and old pier", "橋の上の人々"] {
            assert_eq!(clean(&surrounded(&[short])), prose, "{short:?}");
        }
        for kept in [
            "The harbour and its pier",
            "He said so.",
            "“It fell,”",
            "# Harbour",
            "What it needs:",
            "橋の上の人々と町の人々",
        ] {
            let text = surrounded(&[kept]);
            assert!(clean(&text).contains(kept), "{kept:?}");
            let text = surrounded(&["Harbour", kept]);
            assert!(clean(&text).contains("Harbour"), "beside {kept:?}");
        }
    }

    #[test]
    fn a_longer_run_stays_as_a_whole() {
        let names: Vec<String> = (0..=MAX_LINES).map(|n| format!("Pier {n}x")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(!clean(&surrounded(&names[..MAX_LINES])).contains("Pier"));
        assert_eq!(
            clean(&surrounded(&names)).matches("Pier").count(),
            names.len()
        );
    }

    #[test]
    fn one_removed_line_on_a_side_is_not_enough() {
        let text = "The bridge opens on Monday.\nAdvertisement\nHarbour\nAdvertisement\n\
                    All rights reserved\nIt cost four million.\n";
        assert!(clean(text).contains("Harbour"));
    }

    #[test]
    fn protected_lines_stay() {
        let pack = "[pack]\nname = 'mine'\n\
            [[rule]]\nid = 'pier'\ndescription = 'Ours.'\ncategory = 'other'\n\
            confidence = 'certain'\nkeep = true\nlabels = ['old pier']\n\
            examples.match = ['Old pier', 'old pier']\nexamples.no_match = ['pier', 'old']";
        let mut rules = crate::rules::RuleSet::built_in();
        rules.add_pack(pack, "mine.toml").unwrap();
        let cleaner = Cleaner::builder()
            .rules(rules)
            .skip(["model", "labels"])
            .build()
            .unwrap();
        let cleaned = cleaner
            .clean_text(&surrounded(&["Harbour", "Old pier"]))
            .into_owned();
        assert!(
            cleaned.contains("Old pier") && !cleaned.contains("Harbour"),
            "{cleaned}"
        );
    }

    #[test]
    fn the_line_model_replaces_the_filter() {
        let text = surrounded(&["Harbour", "Old pier"]);
        let cleaner = Cleaner::builder().build().unwrap();
        assert!(cleaner.clean_text(&text).contains("Harbour\nOld pier\n"));
        assert!(!clean(&text).contains("Harbour"));
    }
}
