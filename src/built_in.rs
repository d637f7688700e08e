//! The packs that are part of dechaff. They are read and prepared when dechaff is built (`build.rs`), so that a start only
//! unpacks what that gave.

use crate::error::Error;
use crate::pack::RuleSet;
use std::sync::LazyLock;

/// File names and texts.
const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/packs.rs"));
/// The rule set that reading them gives.
const PREPARED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packs.bin"));

impl RuleSet {
    /// The rules of the packs that are part of dechaff.
    #[must_use]
    pub fn built_in() -> Self {
        // Unpacked once. What was packed by the same version unpacks; a test holds that nothing is missing.
        static RULES: LazyLock<RuleSet> = LazyLock::new(|| postcard::from_bytes(PREPARED).map(RuleSet::of_built_in).unwrap_or_default());
        RULES.clone()
    }
}

/// Reads the built-in packs with the lint that users' packs get; for tests.
///
/// # Errors
/// [`Error::Pack`] as [`RuleSet::add_pack`] gives it.
pub fn lint_built_in() -> Result<(), Error> {
    let mut set = RuleSet::default();
    SOURCES.iter().try_for_each(|(origin, source)| set.add_pack(source, origin))
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
    fn what_was_packed_is_what_the_packs_say() {
        let mut set = RuleSet::default();
        SOURCES.iter().for_each(|(origin, source)| set.add_pack(source, origin).unwrap());
        assert!(set.len() > 100);
        assert_eq!(format!("{:?}", set.iter().collect::<Vec<_>>()), format!("{:?}", RuleSet::built_in().iter().collect::<Vec<_>>()));
    }
}
