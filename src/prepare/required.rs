//! What a pattern cannot do without: texts, one of which every match holds, so that a pattern is only tried where one of
//! them stands.

use crate::fold::{fold, is_spaceless};
use crate::rarity::cost;
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

/// Signs that stand in few lines, so that they are worth looking for where a pattern has no word.
const RARE_SIGNS: &str = "@©+/|>›→:#%$€£";
/// At most so many texts are looked for instead of one part of a pattern.
const MOST_SPELLINGS: usize = 800;
/// Classes of more characters say nothing.
const LARGEST_CLASS: usize = 12;

/// Texts, one of which every match of an expression holds, folded; none if there is no such set. Of all the best. A match
/// that is a whole line has no white space at its ends, so that spaces at the ends of a text stand inside the line.
pub(super) fn required(hir: &Hir, line: bool) -> Option<Vec<Vec<u8>>> {
    let required = |hir| required(hir, line);
    let fragments = |texts: &[String]| fragments(texts, line);
    match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(parts) => {
            let own = spellings(hir).and_then(|texts| fragments(&texts));
            let sets: Option<Vec<Vec<Vec<u8>>>> = parts.iter().map(required).collect();
            own.into_iter().chain(sets.map(|sets| sets.concat())).min_by_key(|set| cost_of(set))
        }
        HirKind::Literal(_) | HirKind::Class(_) => fragments(&spellings(hir)?),
        HirKind::Concat(parts) => {
            let runs = (0..parts.len()).flat_map(|start| runs(&parts[start..], line));
            runs.chain(parts.iter().filter_map(required)).min_by_key(|set| cost_of(set))
        }
        _ => None,
    }
}

fn cost_of(set: &[Vec<u8>]) -> u64 {
    cost(set.iter().map(Vec::as_slice))
}

/// The sets that parts of an expression come to from the first on, as long as they are small.
fn runs(parts: &[Hir], line: bool) -> Vec<Vec<Vec<u8>>> {
    let mut texts = vec![String::new()];
    let mut found = Vec::new();
    for part in parts {
        match spellings(part).and_then(|own| product(&texts, &own)) {
            Some(longer) => texts = longer,
            None => break,
        }
        found.extend(fragments(&texts, line));
    }
    found
}

/// Texts as they are looked for: folded, with the spaces at their ends or without. None if one is too short to find.
fn fragments(texts: &[String], spaces: bool) -> Option<Vec<Vec<u8>>> {
    let fold = |text: &String| {
        let space = |is_there: bool| if spaces && is_there { " " } else { "" };
        let (before, after) = (space(text.starts_with(char::is_whitespace)), space(text.ends_with(char::is_whitespace)));
        let folded = fold(text);
        if folded.is_empty() { folded } else { [before.as_bytes(), &folded, after.as_bytes()].concat() }
    };
    let worth = |text: &str| text.chars().count() >= 2 || text.chars().all(|c| is_spaceless(c) || RARE_SIGNS.contains(c));
    let mut folded = texts
        .iter()
        .map(|text| Some(fold(text)).filter(|folded| !folded.is_empty() && worth(&String::from_utf8_lossy(folded))))
        .collect::<Option<Vec<_>>>()?;
    folded.sort_unstable();
    folded.dedup();
    Some(folded)
}

/// All that an expression matches, letters in one of their cases and a space for any white space, if that is little.
fn spellings(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![std::str::from_utf8(&literal.0).ok()?.to_owned()]),
        HirKind::Class(Class::Unicode(class)) => characters(class),
        HirKind::Capture(capture) => spellings(&capture.sub),
        HirKind::Repetition(repetition) => match (repetition.min, repetition.max) {
            (0, Some(1)) => {
                let mut texts = spellings(&repetition.sub)?;
                texts.push(String::new());
                Some(texts)
            }
            (1, Some(1)) => spellings(&repetition.sub),
            // White space folds to one space, however much there is.
            (1.., _) => spellings(&repetition.sub).filter(|texts| texts == &[" "]),
            _ => None,
        },
        HirKind::Concat(parts) => parts.iter().try_fold(vec![String::new()], |texts, part| product(&texts, &spellings(part)?)),
        HirKind::Alternation(parts) => {
            let texts = parts.iter().map(spellings).collect::<Option<Vec<_>>>()?.concat();
            (texts.len() <= MOST_SPELLINGS).then_some(texts)
        }
        HirKind::Class(Class::Bytes(_)) => None,
    }
}

/// Every text of the first list with every text of the second behind it, if that is few.
fn product(first: &[String], second: &[String]) -> Option<Vec<String>> {
    let few = first.len() * second.len() <= MOST_SPELLINGS;
    few.then(|| first.iter().flat_map(|first| second.iter().map(move |second| format!("{first}{second}"))).collect())
}

/// What the characters of a class fold to, each once.
fn characters(class: &ClassUnicode) -> Option<Vec<String>> {
    let mut all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    if all.clone().take(64).all(char::is_whitespace) {
        return Some(vec![" ".to_owned()]);
    }
    let mut texts: Vec<String> = all.by_ref().take(LARGEST_CLASS).map(|c| String::from_utf8_lossy(&fold(c.encode_utf8(&mut [0; 4]))).into_owned()).collect();
    texts.sort_unstable();
    texts.dedup();
    // White space folds to nothing by itself; beside other characters it says too little.
    (all.next().is_none() && !texts.iter().any(String::is_empty)).then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_found_under_what_they_must_hold() {
        for (pattern, expected) in [
            ("(?i)photos? by", Some(vec!["photo by", "photos by"])),
            (r"\(Image: .{1,40}\)", Some(vec!["(image:"])),
            ("(?i)(photo|picture): \\w+", Some(vec!["photo:", "picture:"])),
            (r"\d+ / \d+", Some(vec!["/"])),
            (r"\w+ [@©] \w+", Some(vec!["@", "©"])),
            (r"(H/T|via) \w+", Some(vec!["h/t", "via"])),
            (r"\d+\. \d+", None),
            ("(?i)фото: \\w+", Some(vec!["фото:"])),
            ("(?i)télécharg(er|ez)", Some(vec!["te\u{301}le\u{301}charger", "te\u{301}le\u{301}chargez"])),
            ("続きを.{0,9}読む", Some(vec!["続きを"])),
            ("(share|)", None),
        ] {
            let found = required(&regex_syntax::parse(pattern).unwrap(), false);
            assert_eq!(found, expected.map(|list| list.into_iter().map(|run| run.as_bytes().to_vec()).collect()), "{pattern}");
        }
    }
}
