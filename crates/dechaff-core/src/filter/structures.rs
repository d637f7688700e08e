//! The filter that protects structures whose form is certain: code, tables, lists, verse, and so
//! on. Its rules are keep rules: a removal that touches one of these parts is vetoed.

use super::EnabledRule;
use crate::mark::Marks;
use crate::text::{Span, Structure, View};
use dechaff_rules::rule::RuleId;

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
}

impl Structures {
    pub(super) fn new(enabled: EnabledRule<'_>) -> Self {
        let rules = RULES
            .into_iter()
            .filter_map(|(structure, name)| Some((structure, enabled(name)?)))
            .collect();
        Self { rules }
    }

    /// Adds a mark for each certain structure of the document, from the start of its first line to
    /// the end of its last.
    pub(crate) fn mark(&self, view: &View<'_>, marks: &mut Marks) {
        if self.rules.is_empty() {
            return;
        }
        for found in view.structures().iter().filter(|found| found.is_certain) {
            let rule = self.rules.iter().find(|rule| rule.0 == found.structure);
            if let Some(&(_, rule)) = rule {
                let lines = &found.lines;
                let (first, last) = (view.span(lines.start), view.span(lines.end - 1));
                marks.add(Span::from_offsets(first.start(), last.end()), rule);
            }
        }
    }
}
