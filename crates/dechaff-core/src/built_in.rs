//! The built-in packs. The build script (`build.rs`) compiles them, so that a start only has to
//! deserialize the result: the rules with their search plans, and the class-compressed regexes of
//! their patterns.

use crate::error::Error;
use dechaff_rules::CompiledRules;
use dechaff_rules::class_regex::ClassRegex;

/// The name and the text of each built-in pack, for the lint.
pub(crate) const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/packs.rs"));
/// The text of the file of sets that all built-in packs may use.
pub(crate) const SETS: &str = include_str!("../rules/sets.toml");

/// The serialized [`CompiledRules`] of all built-in packs.
const RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));

/// The serialized [`ClassRegex`] of each regular expression of the built-in rules, concatenated.
const CLASS_REGEXES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/class_regexes.bin"));

/// The key of each regex in [`CLASS_REGEXES`] and its end offset, sorted by key.
#[allow(
    clippy::unreadable_literal,
    reason = "the build script generates the table"
)]
const CLASS_REGEX_ENDS: &[(&str, usize)] = &include!(concat!(env!("OUT_DIR"), "/class_regexes.rs"));

/// Returns what [`ClassRegex::new`] does, if a built-in rule has the same regular expression with
/// the same case sensitivity; `None` otherwise. Deserializing it takes a fraction of the time.
/// Those with `unicode_boundaries` are stored only if the expression has boundaries.
pub(crate) fn class_regex(
    source: &str,
    ignore_case: bool,
    unicode_boundaries: bool,
) -> Option<ClassRegex> {
    let key = ClassRegex::key(source, ignore_case, unicode_boundaries);
    let index = CLASS_REGEX_ENDS
        .binary_search_by_key(&key.as_str(), |(key, _)| key)
        .ok()?;
    let start = index
        .checked_sub(1)
        .map_or(0, |before| CLASS_REGEX_ENDS[before].1);
    postcard::from_bytes(&CLASS_REGEXES[start..CLASS_REGEX_ENDS[index].1]).ok()
}

/// Deserializes the rules of the built-in packs, which takes a few milliseconds. The build script
/// of the same version wrote them, so that this cannot fail; a test checks that no rule is missing.
pub(crate) fn rules() -> CompiledRules {
    postcard::from_bytes(RULES).unwrap_or_default()
}

/// Lints the built-in packs as users' packs are linted when they are added. The build script skips
/// the lint of phrases and patterns, so tests have to call this. It compiles every pattern and
/// takes a few seconds.
///
/// # Errors
/// [`Error::Pack`] with all problems of the first pack that has any.
pub fn lint_built_in() -> Result<(), Error> {
    let mut rules = CompiledRules::default();
    rules.add_sets(SETS, "rules/sets.toml")?;
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
    fn stored_regexes_equal_those_compiled_from_source() {
        let mut count = 0;
        for (_, rule) in rules().iter() {
            for (source, ignore_case) in rule.regexes() {
                for unicode_boundaries in [false, true] {
                    if unicode_boundaries && !ClassRegex::has_boundaries(source) {
                        continue;
                    }
                    let compiled = ClassRegex::new(source, ignore_case, unicode_boundaries);
                    let stored = class_regex(source, ignore_case, unicode_boundaries);
                    assert_eq!(format!("{compiled:?}"), format!("{stored:?}"), "{source}");
                    count += 1;
                }
            }
        }
        assert!(
            count > 500 && CLASS_REGEX_ENDS.is_sorted_by_key(|(key, _)| key),
            "{count}"
        );
        assert!(class_regex("in no rule", false, false).is_none());
    }

    #[test]
    fn stored_rules_equal_those_of_the_packs() {
        let mut set = CompiledRules::default();
        set.add_sets(SETS, "rules/sets.toml").unwrap();
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
