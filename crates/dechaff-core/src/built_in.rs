//! The built-in packs. The build script (`build.rs`) compiles them, so that a start only has to
//! deserialize the result: the rules with their search plans, and the class-compressed regexes of
//! their patterns.

use crate::error::Error;
use dechaff_rules::CompiledRules;
use dechaff_rules::class_regex::{Alphabet, ClassRegex, RelaxedDfa};

/// The name and the text of each built-in pack, for the lint.
pub(crate) const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/packs.rs"));
/// The text of the file of sets that all built-in packs may use.
pub(crate) const SETS: &str = include_str!("../rules/sets.toml");

/// The serialized [`CompiledRules`] of all built-in packs.
const RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));

/// For each regular expression of the built-in rules, its serialized [`RelaxedDfa`], if it has one,
/// concatenated.
const RELAXED_DFAS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed_dfas.bin"));

/// For each regular expression of the built-in rules, its serialized [`ClassRegex`], concatenated.
const CLASS_REGEXES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/class_regexes.bin"));

/// The key of each regex and its ends in [`RELAXED_DFAS`] and [`CLASS_REGEXES`], sorted by key.
#[allow(
    clippy::unreadable_literal,
    reason = "the build script generates the table"
)]
const CLASS_REGEX_ENDS: &[(&str, (usize, usize))] =
    &include!(concat!(env!("OUT_DIR"), "/class_regexes.rs"));

/// A relaxed DFA with the alphabet of its texts.
pub(crate) type Relaxed = (RelaxedDfa<'static>, Alphabet<'static>);

/// A regular expression of the built-in rules, as the build script prepared it.
#[derive(Clone, Copy)]
pub(crate) struct StoredRegex {
    relaxed: &'static [u8],
    classes: &'static [u8],
}

impl StoredRegex {
    /// Finds the regular expression `source` with the same case sensitivity and boundaries; `None`
    /// if no built-in rule has it. Those with `unicode_boundaries` are stored only if the
    /// expression has boundaries.
    pub(crate) fn find(source: &str, ignore_case: bool, unicode_boundaries: bool) -> Option<Self> {
        let key = ClassRegex::key(source, ignore_case, unicode_boundaries);
        let index = CLASS_REGEX_ENDS
            .binary_search_by_key(&key.as_str(), |(key, _)| key)
            .ok()?;
        let start = index
            .checked_sub(1)
            .map_or((0, 0), |before| CLASS_REGEX_ENDS[before].1);
        let end = CLASS_REGEX_ENDS[index].1;
        Some(Self {
            relaxed: &RELAXED_DFAS[start.0..end.0],
            classes: &CLASS_REGEXES[start.1..end.1],
        })
    }

    /// Returns what [`ClassRegex::new`] does, in a fraction of the time.
    pub(crate) fn classes(self) -> Option<ClassRegex<'static>> {
        postcard::from_bytes(self.classes).ok()
    }

    /// Returns the relaxed DFA; `None` if it would be too large.
    pub(crate) fn relaxed(self) -> Option<Relaxed> {
        let relaxed: Option<RelaxedDfa<'_>> = postcard::from_bytes(self.relaxed).ok()?;
        // The alphabet is the first field of the regex.
        let (alphabet, _) = postcard::take_from_bytes(self.classes).ok()?;
        Some((relaxed?, alphabet))
    }
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
                    let stored = StoredRegex::find(source, ignore_case, unicode_boundaries);
                    let stored = stored.and_then(StoredRegex::classes);
                    assert_eq!(format!("{compiled:?}"), format!("{stored:?}"), "{source}");
                    count += 1;
                }
            }
        }
        assert!(
            count > 500 && CLASS_REGEX_ENDS.is_sorted_by_key(|(key, _)| key),
            "{count}"
        );
        assert!(StoredRegex::find("in no rule", false, false).is_none());
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
