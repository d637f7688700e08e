//! The filter that protects code, front matter and tables, as [`structures`] finds them. Its rules
//! are keep rules: a removal that touches one of these parts is vetoed.

use super::EnabledRule;
use crate::mark::Marks;
use crate::text::{Span, Structure, View, structures};
use dechaff_rules::rule::RuleId;

/// Protects the structures of which the rule is enabled.
#[derive(Debug)]
pub(crate) struct Structures {
    code: Option<RuleId>,
    front_matter: Option<RuleId>,
    table: Option<RuleId>,
}

impl Structures {
    const CODE_RULE: &str = "keep/code";
    const FRONT_MATTER_RULE: &str = "keep/front-matter";
    const TABLE_RULE: &str = "keep/table";

    pub(super) fn new(enabled: EnabledRule<'_>) -> Self {
        Self {
            code: enabled(Self::CODE_RULE),
            front_matter: enabled(Self::FRONT_MATTER_RULE),
            table: enabled(Self::TABLE_RULE),
        }
    }

    /// Adds a mark for each structure of the document, from the start of its first line to the end
    /// of its last.
    pub(crate) fn mark(&self, view: &View<'_>, marks: &mut Marks) {
        for (structure, lines) in structures(view.lines()) {
            let rule = match structure {
                Structure::Code => self.code,
                Structure::FrontMatter => self.front_matter,
                Structure::Table => self.table,
            };
            if let Some(rule) = rule {
                let (first, last) = (view.span(lines.start), view.span(lines.end - 1));
                marks.add(Span::from_offsets(first.start(), last.end()), rule);
            }
        }
    }
}
