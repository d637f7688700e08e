//! What of a rule can be worked out before there is a text: labels folded, and the fragments under which phrases and
//! patterns are looked for. Built-in rules are prepared when dechaff is built, so that starting costs next to nothing.

use crate::fold::{fold, is_spaceless, is_word};
use crate::phrase::{Fragment, Phrase, bare};
use crate::rule::Matcher;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// What of a rule's matcher is worked out, item by item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Prepared {
    /// For each phrase fragments, one of which every match holds; none where there is no such set.
    Phrases(Vec<Vec<Fragment>>),
    /// For each pattern folded runs, one of which every match holds, if there is such a set.
    Patterns(Vec<Option<Vec<Vec<u8>>>>),
    /// Folded labels.
    Labels(Vec<Vec<u8>>),
    /// Nothing.
    Other,
}

/// Prepares a rule. What is wrong with it counts as if it were not there; the lint of packs tells.
pub(crate) fn prepare(matcher: &Matcher) -> Prepared {
    let fragments = |source: &String, line| Phrase::parse(source, line).map_or(Vec::new(), Phrase::into_fragments);
    match matcher {
        Matcher::Phrases { phrases, line } => Prepared::Phrases(phrases.iter().map(|source| fragments(source, *line)).collect()),
        Matcher::Patterns { patterns, .. } => {
            let parsed = patterns.iter().map(|source| regex_syntax::parse(source).ok());
            Prepared::Patterns(parsed.map(|hir| hir.and_then(|hir| required(&hir))).collect())
        }
        Matcher::Labels(labels) => Prepared::Labels(labels.iter().map(|label| fold_label(label)).collect()),
        Matcher::Words { .. } | Matcher::Filter(_) => Prepared::Other,
    }
}

fn fold_label(label: &str) -> Vec<u8> {
    let folded = fold(label);
    folded[bare(&folded, 0..folded.len())].to_vec()
}

/// Signs that stand in few lines, so that they are worth looking for where a pattern has no word.
const RARE_SIGNS: &str = "@©+/|>›→:#%$€£";

/// Runs of letters and digits or else rare signs, one of which every match of an expression holds, folded; none if there
/// is no such set.
fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(parts) => {
            let sets: Option<Vec<Vec<Vec<u8>>>> = parts.iter().map(required).collect();
            sets.map(|sets| sets.concat())
        }
        HirKind::Literal(_) | HirKind::Class(_) => best_run(std::slice::from_ref(hir)).map(|run| vec![run]).or_else(|| signs(hir)),
        HirKind::Concat(parts) => {
            let own = best_run(parts).map(|run| vec![run]);
            own.into_iter().chain(parts.iter().filter_map(required)).max_by_key(|set| (worth(set), std::cmp::Reverse(set.len())))
        }
        _ => None,
    }
}

/// How well the worst run of a set finds: signs less well than any word.
fn worth(set: &[Vec<u8>]) -> usize {
    let of = |run: &Vec<u8>| if std::str::from_utf8(run).is_ok_and(|run| run.chars().all(is_word)) { run.len() } else { 1 };
    set.iter().map(of).min().unwrap_or(0)
}

/// The rare signs that a literal or class stands for, if it stands for nothing else.
fn signs(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let rare = |c: char| RARE_SIGNS.contains(c).then(|| fold(c.encode_utf8(&mut [0; 4])));
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok()?.chars().find_map(rare).map(|sign| vec![sign]),
        HirKind::Class(Class::Unicode(class)) if class.ranges().len() <= RARE_SIGNS.len() => {
            class.ranges().iter().map(|range| if range.start() == range.end() { rare(range.start()) } else { None }).collect()
        }
        _ => None,
    }
}

/// The longest run of letters and digits that neighbouring literals spell, each letter in any of its cases, folded.
fn best_run(parts: &[Hir]) -> Option<Vec<u8>> {
    let mut spelled = String::new();
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => spelled.push_str(std::str::from_utf8(&literal.0).unwrap_or(" ")),
            HirKind::Class(Class::Unicode(class)) => spelled.push(one_letter(class).unwrap_or(' ')),
            _ => spelled.push(' '),
        }
    }
    // A run is cut before marks of its own; what follows it in the text may be a mark.
    let runs = spelled.split(|c: char| !c.is_alphanumeric());
    // One letter finds too much, unless it is nearly a word.
    let runs = runs.filter(|run| run.chars().count() >= 2 || run.chars().any(is_spaceless));
    runs.map(fold).max_by_key(Vec::len)
}

/// The letter that a class spells, if all its members fold to one.
fn one_letter(class: &regex_syntax::hir::ClassUnicode) -> Option<char> {
    if class.ranges().len() > 4 {
        return None;
    }
    let mut letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    let letter = letters.next()?;
    let first = fold(&letter.to_string());
    letters.take(8).all(|other| fold(&other.to_string()) == first).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_found_under_what_they_must_hold() {
        for (pattern, expected) in [
            ("(?i)photos? by", Some(vec!["photo"])),
            (r"\(Image: .{1,40}\)", Some(vec!["image"])),
            ("(?i)(photo|picture): \\w+", Some(vec!["hoto", "icture"])),
            (r"\d+ / \d+", Some(vec!["/"])),
            (r"\w+ [@©] \w+", Some(vec!["@", "©"])),
            (r"(H/T|via) \w+", Some(vec!["/", "via"])),
            (r"\d+\. \d+", None),
            ("(?i)фото: \\w+", Some(vec!["фото"])),
            ("(?i)télécharg(er|ez)", Some(vec!["te\u{301}le\u{301}charg"])),
            ("続きを.{0,9}読む", Some(vec!["続きを"])),
            ("(share|)", None),
        ] {
            let found = required(&regex_syntax::parse(pattern).unwrap());
            assert_eq!(found, expected.map(|list| list.into_iter().map(|run| run.as_bytes().to_vec()).collect()), "{pattern}");
        }
    }
}
