//! The rules of a cleaner: the built-in packs, and packs that the user adds.

use crate::built_in;
use crate::error::Error;
use dechaff_rules::CompiledRules;
use dechaff_rules::rule::{Rule, RuleId};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// All rules of a cleaner, each with an id. Derefs to [`CompiledRules`], which looks rules up.
///
/// ```
/// let rules = dechaff_core::RuleSet::built_in();
/// let id = rules.find("video/html5-upgrade").expect("the rule exists");
/// assert_eq!(rules.get(id).category, dechaff_core::Category::Video);
/// ```
///
/// A clone is cheap: it shares the rules until one of the two is changed.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Arc<CompiledRules>,
    /// Number of built-in rules, which come first; 0 if one of them was replaced or changed.
    built_in: usize,
}

impl RuleSet {
    /// Returns the rules of the built-in packs. The first call of a process deserializes them,
    /// which takes a few milliseconds; later calls share the result.
    #[must_use]
    pub fn built_in() -> Self {
        static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
            let rules = built_in::rules();
            RuleSet {
                built_in: rules.len(),
                rules: Arc::new(rules),
            }
        });
        RULES.clone()
    }

    /// Adds the rules of a pack. `origin` names the pack in messages, usually by its path.
    ///
    /// ```
    /// let mut rules = dechaff_core::RuleSet::built_in();
    /// let pack = "[pack]\nname = 'mine'\ncolour = 'red'";
    /// let error = rules.add_pack(pack, "mine.toml").unwrap_err();
    /// assert!(error.to_string().starts_with("mine.toml:3:1: unknown field"));
    /// ```
    ///
    /// # Errors
    /// [`Error::Pack`] with every problem of the pack; the rules then stay as they were. Examples
    /// are not run here but by [`Verifier`](crate::verify::Verifier).
    pub fn add_pack(&mut self, source: &str, origin: &str) -> Result<(), Error> {
        let replaced = Arc::make_mut(&mut self.rules).add_pack(source, origin)?;
        if replaced.iter().any(|id| id.index() < self.built_in) {
            self.built_in = 0;
        }
        Ok(())
    }

    /// Returns these rules after applying `change` to each. The result counts as having no built-in
    /// rules.
    pub(crate) fn with(&self, change: impl Fn(&mut Rule)) -> Self {
        let mut rules = Self {
            rules: Arc::clone(&self.rules),
            built_in: 0,
        };
        Arc::make_mut(&mut rules.rules).update(change);
        rules
    }

    /// Returns whether all built-in rules are in the set, unchanged, so that the matches that the
    /// cleaner finds can serve as features of the line model as well.
    pub(crate) fn has_built_in(&self) -> bool {
        self.built_in > 0
    }

    /// Returns whether a rule is a built-in one. Always `false` if one of the built-in rules was
    /// replaced.
    pub(crate) fn is_built_in(&self, id: RuleId) -> bool {
        id.index() < self.built_in
    }
}

impl From<CompiledRules> for RuleSet {
    /// Makes a set of rules that does not include the built-in ones.
    fn from(rules: CompiledRules) -> Self {
        Self {
            rules: Arc::new(rules),
            built_in: 0,
        }
    }
}

impl Deref for RuleSet {
    type Target = CompiledRules;

    fn deref(&self) -> &CompiledRules {
        &self.rules
    }
}
