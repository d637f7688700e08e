//! The packs that are part of dechaff. They are read and prepared when dechaff is built (`build.rs`), so that a start only
//! unpacks what that gave.

use crate::error::Error;
use crate::expression::ClassRegex;
use crate::pack::RuleSet;
use std::sync::LazyLock;

/// File names and texts.
const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/packs.rs"));
/// The rule set that reading them gives.
const PREPARED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packs.bin"));

/// Expressions of their rules with their characters told apart, packed, and where each of them ends, in the order of their names.
const EXPRESSIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/expressions.bin"));
#[allow(clippy::unreadable_literal, reason = "the build writes it")]
const NAMES: &[(&str, usize)] = &include!(concat!(env!("OUT_DIR"), "/expressions.rs"));

/// An expression, if a built-in rule has it.
pub(crate) fn expression(source: &str, ignore_case: bool) -> Option<ClassRegex> {
    let name = ClassRegex::name(source, ignore_case);
    let at = NAMES
        .binary_search_by_key(&name.as_str(), |(name, _)| name)
        .ok()?;
    let start = at.checked_sub(1).map_or(0, |before| NAMES[before].1);
    postcard::from_bytes(&EXPRESSIONS[start..NAMES[at].1]).ok()
}

impl RuleSet {
    /// The rules of the packs that are part of dechaff.
    #[must_use]
    pub fn built_in() -> Self {
        // Unpacked once. What was packed by the same version unpacks; a test holds that nothing is missing.
        static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
            postcard::from_bytes(PREPARED)
                .map(RuleSet::of_built_in)
                .unwrap_or_default()
        });
        RULES.clone()
    }
}

/// Reads the built-in packs with the lint that users' packs get; for tests.
///
/// # Errors
/// [`Error::Pack`] as [`RuleSet::add_pack`] gives it.
pub fn lint_built_in() -> Result<(), Error> {
    let mut set = RuleSet::default();
    SOURCES
        .iter()
        .try_for_each(|(origin, source)| set.add_pack(source, origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_packs_pass_the_lint() {
        if let Err(error) = lint_built_in() {
            panic!("{error}");
        }
    }

    #[test]
    fn expressions_are_packed_as_they_would_be_made() {
        let mut count = 0;
        for (_, rule) in RuleSet::built_in().iter() {
            for (source, ignore_case) in rule.expressions() {
                let made = ClassRegex::new(source, ignore_case, false);
                assert_eq!(
                    format!("{made:?}"),
                    format!("{:?}", expression(source, ignore_case)),
                    "{source}"
                );
                count += 1;
            }
        }
        assert!(
            count > 500 && NAMES.is_sorted_by_key(|(name, _)| name),
            "{count}"
        );
        assert!(expression("nobody's", false).is_none());
    }

    #[test]
    fn what_was_packed_is_what_the_packs_say() {
        let mut set = RuleSet::default();
        SOURCES
            .iter()
            .for_each(|(origin, source)| set.add_pack(source, origin).unwrap());
        assert!(set.len() > 100);
        assert_eq!(
            format!("{:?}", set.iter().collect::<Vec<_>>()),
            format!("{:?}", RuleSet::built_in().iter().collect::<Vec<_>>())
        );
    }
}
