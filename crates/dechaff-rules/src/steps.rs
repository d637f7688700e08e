//! A counter of the steps of loading packs, for tests of linear time. It is that of the engine, which
//! cannot be used here. Other builds count nothing.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts `steps` steps: bytes that are read, or operations that take constant time. Called where
/// the number of repetitions depends on the pack.
#[inline]
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    STEPS.with(|total| total.set(total.get() + steps as u64));
    #[cfg(not(test))]
    let _ = steps;
}

/// Returns the number of steps that this thread has counted since the last call.
#[cfg(test)]
fn take() -> u64 {
    STEPS.with(Cell::take)
}

#[cfg(test)]
mod tests {
    use super::take;
    use crate::CompiledRules;
    use std::fmt::Write;

    /// Returns packs of `count` rules, by name: sound ones and ones with problems, on lines of their
    /// own and on one line.
    fn packs(count: usize) -> Vec<(&'static str, String)> {
        let head = "[pack]\nname = 'p'\n";
        let mut packs = Vec::new();
        for (names, phrase) in [
            (["lines", "one line"], "send us your news"),
            (["lines, with problems", "one line, with problems"], "a"),
        ] {
            let (mut lines, mut one_line) = (head.to_owned(), String::from("rule = ["));
            for number in 0..count {
                let keys = [
                    format!("id = 'r{number}'"),
                    "description = 'D.'".to_owned(),
                    "category = 'share'".to_owned(),
                    "confidence = 'certain'".to_owned(),
                    format!("phrase = '{phrase}'"),
                    "examples = { match = ['a', 'b'], no_match = ['c', 'd'] }".to_owned(),
                ];
                write!(lines, "[[rule]]\n{}\n", keys.join("\n")).unwrap();
                write!(one_line, "{{ {} }}, ", keys.join(", ")).unwrap();
            }
            packs.push((names[0], lines));
            packs.push((names[1], format!("{one_line}]\n{head}")));
        }
        packs
    }

    fn steps_per_byte(pack: &str, has_problems: bool) -> f64 {
        take();
        let added = CompiledRules::default().add_pack(pack, "p.toml");
        assert_eq!(added.is_err(), has_problems);
        take() as f64 / pack.len() as f64
    }

    #[test]
    fn steps_per_byte_do_not_grow_with_the_number_of_rules() {
        let packs = [100, 200, 400, 800].map(packs);
        for (family, (name, smallest)) in packs[0].iter().enumerate() {
            let has_problems = name.ends_with("problems");
            let bound = steps_per_byte(smallest, has_problems) * 1.5;
            assert!(bound > 0.0, "{name}: nothing is counted");
            for packs in &packs[1..] {
                let steps = steps_per_byte(&packs[family].1, has_problems);
                assert!(
                    steps <= bound,
                    "{name}: {steps} steps per byte in {} bytes, at most {bound} expected",
                    packs[family].1.len()
                );
            }
        }
    }
}
