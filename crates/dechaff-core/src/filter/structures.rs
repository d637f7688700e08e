//! The filter that protects structures whose form is certain: code, tables, lists, verse, and so
//! on. Its rules are keep rules: a removal that touches one of these parts is vetoed. A part is not
//! protected if the site of the document repeats each of its lines, as those of a calendar.

use super::EnabledRule;
use super::site::Repeated;
use crate::mark::Marks;
use crate::text::{NormalizedText, Span, Structure, View};
use dechaff_rules::rule::RuleId;
use rustc_hash::FxHashSet;

/// The structures that a rule protects, with its name.
const RULES: [(Structure, &str); 13] = [
    (Structure::Code, "keep/code"),
    (Structure::FrontMatter, "keep/front-matter"),
    (Structure::Table, "keep/table"),
    (Structure::Quote, "keep/quote"),
    (Structure::Verse, "keep/verse"),
    (Structure::List, "keep/list"),
    (Structure::Definitions, "keep/definition"),
    (Structure::Questions, "keep/question"),
    (Structure::Dialogue, "keep/speech"),
    (Structure::Transcript, "keep/transcript"),
    (Structure::Recipe, "keep/recipe"),
    (Structure::Timeline, "keep/timeline"),
    (Structure::Changelog, "keep/changelog"),
];

/// Protects the structures of which the rule is enabled.
#[derive(Debug)]
pub(crate) struct Structures {
    rules: Vec<(Structure, RuleId)>,
    /// Finds what the site repeats, if something was learned of sites.
    repeated: Option<Repeated>,
}

impl Structures {
    pub(super) fn new(enabled: EnabledRule<'_>, repeated: Option<Repeated>) -> Self {
        let rules = RULES
            .into_iter()
            .filter_map(|(structure, name)| Some((structure, enabled(name)?)))
            .collect();
        Self { rules, repeated }
    }

    /// Adds a mark for each certain structure of the document, from the start of its first line to
    /// the end of its last. `text` is a buffer as for other filters.
    pub(crate) fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        if self.rules.is_empty() {
            return;
        }
        let structures = view.structures().iter().filter(|found| found.is_certain);
        let mut repeated = None;
        for found in structures {
            let rule = self.rules.iter().find(|rule| rule.0 == found.structure);
            if let Some(&(_, rule)) = rule {
                let lines = &found.lines;
                let repeated = repeated.get_or_insert_with(|| self.repeated_lines(view, text));
                if lines.clone().all(|line| repeated.contains(&line)) {
                    continue;
                }
                let (first, last) = (view.span(lines.start), view.span(lines.end - 1));
                marks.add(Span::from_offsets(first.start(), last.end()), rule);
            }
        }
    }

    /// Returns the lines that the site of the document repeats, and those without a letter next to
    /// them.
    fn repeated_lines(&self, view: &View<'_>, text: &mut NormalizedText) -> FxHashSet<usize> {
        let mut lines = FxHashSet::default();
        let repeated = self.repeated.as_ref();
        if let Some((page, found)) = repeated.and_then(|own| own.find_in_source(view, text)) {
            for (index, _) in found {
                let text = &page.texts()[index];
                // Up to the next text; the lines in between have no letter.
                let end = page.texts().get(index + 1);
                lines
                    .extend(text.lines.start..end.map_or(view.line_count(), |end| end.lines.start));
            }
        }
        lines
    }
}
