//! Regular expressions and phrases that are made ready when they are first needed. Of more than a thousand rules most texts
//! need a few.

use crate::fold::is_word;
use crate::phrase::Phrase;
use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// A regular expression that is compiled when it is first needed, in the variant that suits the text best.
pub(super) struct LazyRegex {
    source: String,
    ignore_case: bool,
    /// Whether it must match all of a text, and whether it can then begin with anything.
    whole: bool,
    free: bool,
    /// Whether it asks for word boundaries.
    bounds: bool,
    /// By [`Variant`].
    regexes: [OnceLock<Option<Regex>>; 4],
}

/// Equivalent forms of an expression, each right for some texts.
#[derive(Clone, Copy, Default)]
pub(super) struct Variant {
    /// Word boundaries between ASCII characters only, for texts without other letters: Unicode's are slow where a text has
    /// other characters.
    plain: bool,
    /// Not bound to the start, for texts of one line: what can begin with anything is then searched from its end, where
    /// most lines are told apart.
    free: bool,
}

impl LazyRegex {
    pub(super) fn new(source: String, ignore_case: bool) -> Self {
        let bounds = source.contains(r"\b");
        Self { source, ignore_case, whole: false, free: false, bounds, regexes: Default::default() }
    }

    /// The expression of a pattern, which may have to be the whole line.
    pub(super) fn pattern(source: &str, whole: bool, free: bool) -> Self {
        Self { whole, free, ..Self::new(source.to_owned(), false) }
    }

    /// The same without variants, to compare them with.
    #[cfg(test)]
    pub(super) fn plainly(&self) -> Self {
        Self { bounds: false, whole: self.whole, ..Self::new(self.source.clone(), self.ignore_case) }
    }

    /// The expression; none if it is invalid, which the lint of packs excludes.
    pub(super) fn get(&self, variant: Variant) -> Option<&Regex> {
        let index = usize::from(variant.plain) + 2 * usize::from(variant.free);
        self.regexes[index].get_or_init(|| self.compile(variant)).as_ref()
    }

    fn compile(&self, variant: Variant) -> Option<Regex> {
        let mut source = if variant.plain { with_plain_boundaries(&self.source) } else { self.source.clone() };
        if self.whole {
            source = format!(r"{}(?:{source})\z", if variant.free { "" } else { r"\A" });
        }
        RegexBuilder::new(&source).case_insensitive(self.ignore_case).build().ok()
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        let variant = Variant {
            plain: self.bounds && !text.chars().any(|c| !c.is_ascii() && is_word(c)),
            free: self.free && memchr::memchr(b'\n', text.as_bytes()).is_none(),
        };
        self.get(variant).is_some_and(|regex| regex.is_match(text))
    }
}

/// An expression with `(?-u:\b)` for `\b`.
fn with_plain_boundaries(source: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(source.len()), source);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
        plain.push_str(before);
        let bounds = escape.starts_with(r"\b") && !escape[2..].starts_with('{');
        plain.push_str(if bounds { r"(?-u:\b)" } else { &escape[..length] });
        rest = &escape[length..];
    }
    plain + rest
}

/// A phrase that is parsed when it is first needed.
pub(super) struct LazyPhrase {
    source: String,
    line: bool,
    phrase: OnceLock<Option<Phrase>>,
}

impl LazyPhrase {
    pub(super) fn new(source: String, line: bool) -> Self {
        Self { source, line, phrase: OnceLock::new() }
    }

    /// The phrase; none if it is invalid, which the lint of packs excludes.
    pub(super) fn get(&self) -> Option<&Phrase> {
        self.phrase.get_or_init(|| Phrase::parse(&self.source, self.line).ok()).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_boundaries_are_the_same_where_no_letter_is_outside_ascii() {
        assert_eq!(with_plain_boundaries(r"\A(?:\\b\b[\w\-]\bx\b{start})\z"), r"\A(?:\\b(?-u:\b)[\w\-](?-u:\b)x\b{start})\z");
        let regex = LazyRegex::pattern(r"\b\w+\b “caf\b[^\n]*", true, false);
        assert!(regex.is_match("the “caf” by the sea"));
        assert!(!regex.is_match("the “café” by the sea"));
        assert_eq!(regex.regexes.iter().filter(|regex| regex.get().is_some()).count(), 2);
    }

    #[test]
    fn what_can_begin_with_anything_still_keeps_to_its_line() {
        let regex = LazyRegex::pattern(r"[^\n]{3}[^\n]*, she said\.", true, true);
        assert!(regex.is_match("It rained, she said."));
        assert!(!regex.is_match("It, she said."));
        assert!(!regex.is_match("It rained.\nIt snowed, she said."));
    }
}
