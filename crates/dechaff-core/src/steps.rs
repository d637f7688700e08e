//! A counter of the steps of a search, for tests of linear time: times depend on the machine and on
//! what else runs there, numbers of steps do not. Other builds count nothing.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts `steps` steps: bytes that are read, or operations that take constant time. Called where
/// the number of repetitions depends on the text.
#[inline]
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    STEPS.with(|total| total.set(total.get() + steps as u64));
    #[cfg(not(test))]
    let _ = steps;
}

/// Decodes `bytes`, each of which is a step. Returns `None` if they are not UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Option<&str> {
    count(bytes.len());
    std::str::from_utf8(bytes).ok()
}

/// Returns the number of steps that this thread has counted since the last call.
#[cfg(test)]
fn take() -> u64 {
    STEPS.with(Cell::take)
}

#[cfg(test)]
mod tests {
    use super::take;
    use crate::cleaner::{Cleaner, Scratch};
    use crate::rules::RuleSet;
    use crate::text::Document;
    use dechaff_rules::rule::Level;

    const PACK: &str = "
        [pack]
        name = 'p'
        [[rule]]
        id = 'follow'
        description = 'D.'
        category = 'share'
        confidence = 'certain'
        phrase = 'follow us on facebook'
        unless = ['\\bsaid so\\b']
        near = ['newsletter']
        examples.match = ['One.', 'Two.']
        examples.no_match = ['Three.', 'Four.']
        [[rule]]
        id = 'letter'
        description = 'D.'
        category = 'newsletter'
        confidence = 'certain'
        phrase = 'our letter for members'
        examples.match = ['One.', 'Two.']
        examples.no_match = ['Three.', 'Four.']
    ";

    /// Texts of at least `len` bytes, by name, that provoke many candidates, matches, exceptions or
    /// runs.
    fn hostile_texts(len: usize) -> Vec<(&'static str, String)> {
        let repeat = |unit: &str| unit.repeat(len / unit.len() + 1);
        let words = [
            "subscribe",
            "read more",
            "share",
            "sign up",
            "newsletter",
            "related",
            "the",
            "our",
            "to",
            "for",
            "us",
            "on",
            "follow",
            "by",
            "said",
            "(",
            ")",
            "2024",
            "|",
        ];
        // A fixed sequence without period, so that phrases of several words occur too.
        let mut state = 7_u64;
        let mut trigger_words = String::new();
        while trigger_words.len() < len {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            trigger_words.push_str(words[(state >> 33) as usize % words.len()]);
            trigger_words.push(' ');
        }
        vec![
            (
                "trigger words on lines",
                trigger_words.replace(" us ", " us\n"),
            ),
            ("trigger words on one line", trigger_words),
            ("starts of a phrase", repeat("sign up for our ")),
            ("labels", repeat("share\n")),
            ("headings of link lists", repeat("Related\n")),
            ("opening quotation marks", repeat("“")),
            ("nested brackets", repeat("((read more) share ")),
            ("blank lines", repeat("\n")),
            ("tiny lines", repeat("a\n")),
            ("bullets", repeat("- \n")),
            (
                "fences that nothing closes",
                format!("Share\n{}", repeat("```a\n")),
            ),
            ("lines with bars", format!("Share\n{}", repeat("a | b\n"))),
            (
                "lines with tabs",
                format!("Share\n{}", repeat("a\tb\tc\n-\n")),
            ),
            (
                "terms with sentences",
                format!("Share\n{}", repeat("Term\nIt is.\n")),
            ),
            (
                "turns of one speaker",
                format!("Share\n{}", repeat("Q: a\n")),
            ),
            (
                "versions with items",
                format!("Share\n{}", repeat("1.2\n- a\n")),
            ),
            ("ingredients", format!("Share\n{}", repeat("1 g a\n2\n2\n"))),
            (
                "questions",
                format!("Share\n{}", repeat("Is it so?\nIt is so.\n")),
            ),
            (
                "figures in columns",
                format!("Share\n{}", repeat("2\nx\nx\n")),
            ),
            ("full stops on one line", repeat(". .")),
            ("combining marks", repeat("a\u{301}")),
            ("spaces", repeat(" ")),
            (
                "notices on one line",
                repeat("Follow us on Facebook. Our letter for members. "),
            ),
            (
                "copyright on one line",
                repeat("© 2024 Harbour Post. All rights reserved. "),
            ),
        ]
    }

    #[test]
    fn steps_per_byte_do_not_grow_with_hostile_texts() {
        // No built-in rule that matches inside lines has exceptions or neighbours; users' may.
        let mut rules = RuleSet::built_in();
        rules.add_pack(PACK, "p.toml").unwrap();
        let cleaner = Cleaner::builder()
            .rules(rules)
            .level(Level::Thorough)
            .max_removed(1.0)
            .build()
            .unwrap();
        let steps_per_byte = |text: &str| {
            take();
            let document = Document::new(text).unwrap();
            let _ = cleaner.clean(&document, &mut Scratch::default());
            take() as f64 / text.len() as f64
        };
        let sizes = [1 << 14, 1 << 15, 1 << 16, 1 << 17];
        let texts = sizes.map(hostile_texts);
        for (family, (name, smallest)) in texts[0].iter().enumerate() {
            // Below one step per byte, constants dominate.
            let bound = steps_per_byte(smallest).max(1.0) * 1.5;
            for texts in &texts[1..] {
                let steps = steps_per_byte(&texts[family].1);
                assert!(
                    steps <= bound,
                    "{name}: {steps} steps per byte in {} bytes, at most {bound} expected",
                    texts[family].1.len()
                );
            }
        }
    }
}
