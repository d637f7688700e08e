//! The packs that are part of dechaff. They are read and prepared when dechaff is built (`build.rs`), so that a start only
//! unpacks what that gave.

use crate::error::Error;
use dechaff_rules::CompiledRules;
use dechaff_rules::class_regex::ClassRegex;

/// File names and texts.
const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/packs.rs"));
/// The rule set that reading them gives.
const RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));

/// Expressions of their rules with their characters told apart, packed, and where each of them ends, in the order of their names.
const CLASS_REGEXES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/class_regexes.bin"));
#[allow(clippy::unreadable_literal, reason = "the build writes it")]
const NAMES: &[(&str, usize)] = &include!(concat!(env!("OUT_DIR"), "/class_regexes.rs"));

/// An expression, if a built-in rule has it.
pub(crate) fn class_regex(source: &str, ignore_case: bool) -> Option<ClassRegex> {
    let name = ClassRegex::key(source, ignore_case);
    let at = NAMES
        .binary_search_by_key(&name.as_str(), |(name, _)| name)
        .ok()?;
    let start = at.checked_sub(1).map_or(0, |before| NAMES[before].1);
    postcard::from_bytes(&CLASS_REGEXES[start..NAMES[at].1]).ok()
}

/// Deserializes the rules of the built-in packs. The build script of the same version wrote them, so that this cannot fail;
/// a test checks that nothing is missing.
pub(crate) fn rules() -> CompiledRules {
    postcard::from_bytes(RULES).unwrap_or_default()
}

/// Reads the built-in packs with the lint that users' packs get; for tests.
///
/// # Errors
/// [`Error::Pack`] as [`RuleSet::add_pack`] gives it.
pub fn lint_built_in() -> Result<(), Error> {
    let mut rules = CompiledRules::default();
    for (origin, source) in SOURCES {
        rules.add_pack(source, origin)?;
    }
    Ok(())
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
        for (_, rule) in rules().iter() {
            for (source, ignore_case) in rule.regexes() {
                let made = ClassRegex::new(source, ignore_case, false);
                assert_eq!(
                    format!("{made:?}"),
                    format!("{:?}", class_regex(source, ignore_case)),
                    "{source}"
                );
                count += 1;
            }
        }
        assert!(
            count > 500 && NAMES.is_sorted_by_key(|(name, _)| name),
            "{count}"
        );
        assert!(class_regex("nobody's", false).is_none());
    }

    #[test]
    fn what_was_packed_is_what_the_packs_say() {
        let mut set = CompiledRules::default();
        SOURCES
            .iter()
            .for_each(|(origin, source)| drop(set.add_pack(source, origin).unwrap()));
        assert!(set.len() > 100);
        assert_eq!(
            format!("{:?}", set.iter().collect::<Vec<_>>()),
            format!("{:?}", rules().iter().collect::<Vec<_>>())
        );
    }
}
