//! Named sets: expressions that rules share. A table `[sets]` defines them, and `${name}` in a
//! phrase or pattern stands for the members of a set, joined by `|`.

use super::lint::{Lint, is_name};
use super::texts::{OneOrMany, texts};
use crate::error::PackError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// The table `[sets]`: for each name a member or a list of members.
pub(super) type SetsEntry = BTreeMap<Spanned<String>, Spanned<OneOrMany>>;

/// A file of sets without rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetsFile {
    sets: SetsEntry,
}

/// Sets that several packs may use, by name: the members of each in order, without references.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sets(BTreeMap<String, Vec<String>>);

impl Sets {
    /// Parses a file with a table `[sets]`. `origin` names it in problems.
    ///
    /// # Errors
    /// [`PackError`] with every problem of the file.
    pub(crate) fn parse(source: &str, origin: &str) -> Result<Self, PackError> {
        let mut lint = Lint::new(source, origin, true);
        let file: SetsFile = lint.read()?;
        let none = Self::default();
        let scope = Scope::new(&none, file.sets, &mut lint);
        if lint.is_clean() {
            let own = scope.own.into_iter();
            Ok(Self(own.map(|set| (set.name, set.members)).collect()))
        } else {
            Err(PackError {
                problems: lint.into_problems(),
            })
        }
    }

    /// Adds the sets of `others`. One of them replaces a set of the same name.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}

/// A set that the pack itself defines.
struct OwnSet {
    name: String,
    /// Position of the name in the source.
    span: Range<usize>,
    members: Vec<String>,
    used: bool,
}

/// The sets that a pack may refer to. Its own sets hide shared ones of the same name, so that a
/// pack keeps its meaning if a shared set of that name is added later.
pub(super) struct Scope<'p> {
    shared: &'p Sets,
    own: Vec<OwnSet>,
}

impl<'p> Scope<'p> {
    /// Reads the sets of a pack in the order of the source. A set may refer to shared ones and to
    /// those before it, so that no set can contain itself.
    pub(super) fn new(shared: &'p Sets, entry: SetsEntry, lint: &mut Lint<'_>) -> Self {
        let mut scope = Self {
            shared,
            own: Vec::new(),
        };
        let mut sets: Vec<_> = entry.into_iter().collect();
        sets.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in sets {
            if !is_set_name(name.get_ref()) {
                lint.note(
                    name.span(),
                    format!(
                        "the name of the set '{name}' must be lower-case letters, digits and \
                         hyphens, and start with a letter"
                    ),
                );
            }
            let mut members = Vec::new();
            for (text, span) in texts(&value) {
                match whole_reference(text) {
                    Some(other) => members.extend_from_slice(scope.find(other, &span, lint)),
                    None => members.push(scope.expanded(text, &span, lint)),
                }
            }
            if members.is_empty() {
                lint.note(value.span(), format!("the set '{name}' has no members"));
            }
            scope.own.push(OwnSet {
                span: name.span(),
                name: name.into_inner(),
                members,
                used: false,
            });
        }
        scope
    }

    /// Replaces the references in a phrase or pattern. `whole` is the position of a text that has
    /// none of its own.
    pub(super) fn expand_text(
        &mut self,
        text: &mut Spanned<String>,
        whole: &Range<usize>,
        lint: &mut Lint<'_>,
    ) {
        let span = if text.span().is_empty() {
            whole.clone()
        } else {
            text.span()
        };
        if reference(text.get_ref()).is_some() {
            *text.get_mut() = self.expanded(text.get_ref(), &span, lint);
        }
    }

    /// Replaces the references in a list of labels or words, in which a set adds its members to the
    /// list and must be an item of its own.
    pub(super) fn expand_list(&mut self, list: &mut Vec<Spanned<String>>, lint: &mut Lint<'_>) {
        if list.iter().all(|item| reference(item.get_ref()).is_none()) {
            return;
        }
        for item in std::mem::take(list) {
            let span = item.span();
            if let Some(name) = whole_reference(item.get_ref()) {
                let members = self.find(name, &span, lint).iter();
                list.extend(members.map(|member| Spanned::new(span.clone(), member.clone())));
            } else {
                if let Some((_, name)) = reference(item.get_ref()) {
                    lint.note(
                        span,
                        format!(
                            "a label or word cannot contain a set; write \"${{{name}}}\" as an \
                             item of its own"
                        ),
                    );
                }
                list.push(item);
            }
        }
    }

    /// Notes the sets of the pack that nothing refers to.
    pub(super) fn note_unused(&self, lint: &mut Lint<'_>) {
        for set in self.own.iter().filter(|set| !set.used) {
            lint.note(
                set.span.clone(),
                format!("no rule uses the set '{}'; remove it", set.name),
            );
        }
    }

    /// Returns `text` with each reference replaced by the members of its set, joined by `|`. `span`
    /// is the position of the text in the source.
    fn expanded(&mut self, text: &str, span: &Range<usize>, lint: &mut Lint<'_>) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((at, name)) = reference(rest) {
            let (before, after) = (&rest[..at.start], &rest[at.end..]);
            let members = self.find(name, span, lint);
            if members.len() > 1 && !is_alternative(before, after, expanded.is_empty()) {
                lint.note(
                    reference_span(name, span, lint),
                    format!(
                        "the set '{name}' has several members; put brackets around it, or '|' \
                         between it and what is beside it"
                    ),
                );
            }
            expanded.push_str(before);
            expanded.push_str(&members.join("|"));
            rest = after;
        }
        expanded + rest
    }

    /// Returns the members of a set and remembers that it is used. Notes a problem if there is no
    /// such set, and returns no members then.
    fn find(&mut self, name: &str, span: &Range<usize>, lint: &mut Lint<'_>) -> &[String] {
        if let Some(index) = self.own.iter().position(|set| set.name == name) {
            self.own[index].used = true;
            return &self.own[index].members;
        }
        if let Some(members) = self.shared.0.get(name) {
            return members;
        }
        let mut known: Vec<&str> = self.own.iter().map(|set| set.name.as_str()).collect();
        known.extend(self.shared.0.keys().map(String::as_str));
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() {
            "none is defined before it".to_owned()
        } else {
            format!("known sets are {}", known.join(", "))
        };
        lint.note(
            reference_span(name, span, lint),
            format!("there is no set '{name}'; {known}"),
        );
        &[]
    }
}

/// Returns the position in the source of a reference to `name` in the text at `span`; the start of
/// the text if the source writes the reference with escapes.
fn reference_span(name: &str, span: &Range<usize>, lint: &Lint<'_>) -> Range<usize> {
    let source = lint.source.get(span.clone()).unwrap_or_default();
    let offset = source.find(&format!("${{{name}}}")).unwrap_or_default();
    span.start + offset..span.end
}

/// Returns the first reference to a set in `text`: its position, and the name of the set. Other
/// uses of `$` and `{` are not references: `${2}` is a repetition in a pattern.
fn reference(text: &str) -> Option<(Range<usize>, &str)> {
    text.match_indices("${").find_map(|(start, _)| {
        let rest = &text[start + 2..];
        let name = &rest[..rest.find('}')?];
        is_set_name(name).then(|| (start..start + name.len() + 3, name))
    })
}

/// Returns the name of a set if `text` is nothing but a reference to it.
fn whole_reference(text: &str) -> Option<&str> {
    let (at, name) = reference(text)?;
    (at.len() == text.len()).then_some(name)
}

/// Returns whether `name` is a valid name of a set: one of a rule that starts with a letter.
fn is_set_name(name: &str) -> bool {
    is_name(name) && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Returns whether alternatives may be inserted between `before` and `after` without changing what
/// those mean: both sides end at a bracket, at `|` or, on the left, at the flags of a group. The
/// text may start with the alternatives if `before` is its `first` part.
fn is_alternative(before: &str, after: &str, first: bool) -> bool {
    let starts = before.ends_with(['(', '[', '|', ':']) || (first && before.is_empty());
    starts && (after.is_empty() || after.starts_with([')', ']', '|']))
}

#[cfg(test)]
mod tests {
    use crate::CompiledRules;
    use crate::rule::Matcher;

    /// Returns a pack with these lines in its table `[sets]` and in its only rule.
    fn pack(sets: &str, rule: &str) -> String {
        format!(
            "[pack]\nname = 'p'\n[sets]\n{sets}\n[[rule]]\nid = 'r'\ndescription = 'D.'\n\
             category = 'share'\nconfidence = 'certain'\n{rule}\n\
             examples.match = ['a', 'b']\nexamples.no_match = ['c', 'd']\n"
        )
    }

    /// Returns the rules of the pack of [`pack`], added after the shared set `said`.
    fn rules(sets: &str, rule: &str) -> Result<CompiledRules, String> {
        let mut rules = CompiledRules::default();
        rules
            .add_sets("[sets]\nsaid = ['said', 'told']", "sets.toml")
            .unwrap();
        rules
            .add_pack(&pack(sets, rule), "p.toml")
            .map_err(|error| error.to_string())?;
        Ok(rules)
    }

    #[test]
    fn references_are_replaced_by_the_members_of_the_set() {
        let rules = rules(
            "net = ['facebook', 'x']\nmore = ['${net}', 'vk']\ntail = '\\s{0,2}'",
            "pattern = '(?i:${more})${tail}on'\nunless = ['\\b(?:${said}|wrote)${2}']",
        )
        .unwrap();
        let (_, rule) = rules.iter().next().unwrap();
        let Matcher::Patterns { patterns, .. } = &rule.matcher else {
            panic!("{rule:?}");
        };
        assert_eq!(&patterns[0], r"(?i:facebook|x|vk)\s{0,2}on");
        assert_eq!(rule.unless, [r"\b(?:said|told|wrote)${2}"]);
    }

    #[test]
    fn sets_add_their_members_to_labels() {
        let rules = rules("net = ['X', 'VK']", "labels = ['Share', '${net}', 'Print']").unwrap();
        let (_, rule) = rules.iter().next().unwrap();
        let expected = ["Share", "X", "VK", "Print"].into_iter().collect();
        assert_eq!(rule.matcher, Matcher::Labels(expected));
    }

    #[test]
    fn sets_of_the_pack_hide_shared_ones() {
        let rules = rules("said = 'dijo'", "phrase = 'lo que (${said}) ella'").unwrap();
        let (_, rule) = rules.iter().next().unwrap();
        let Matcher::Phrases { phrases, .. } = &rule.matcher else {
            panic!("{rule:?}");
        };
        assert_eq!(&phrases[0], "lo que (dijo) ella");
    }

    #[test]
    fn wrong_sets_are_reported_with_their_position() {
        for (sets, rule, expected) in [
            (
                "net = 'x'",
                "phrase = 'follow us on (${ned})'",
                "p.toml:10:25: there is no set 'ned'; known sets are net, said",
            ),
            (
                "net = 'x'",
                "phrase = 'follow us on facebook'",
                "p.toml:4:1: no rule uses the set 'net'; remove it",
            ),
            (
                "net = '(${later})'\nlater = 'x'",
                "phrase = 'follow us on (${net}|${later})'",
                "p.toml:4:9: there is no set 'later'; known sets are said",
            ),
            (
                "net = ['x', 'vk']",
                "phrase = 'follow us on ${net}'",
                "p.toml:10:24: the set 'net' has several members; put brackets around it",
            ),
            (
                "net = ['x', 'vk']",
                "labels = ['Share on ${net}']",
                "p.toml:10:11: a label or word cannot contain a set; write \"${net}\"",
            ),
            (
                "Net = 'x'",
                "labels = ['Share']",
                "p.toml:4:1: the name of the set 'Net' must be lower-case letters",
            ),
            (
                "net = []",
                "labels = ['${net}']",
                "p.toml:4:7: the set 'net' has no members",
            ),
        ] {
            let found = rules(sets, rule).unwrap_err();
            assert!(found.contains(expected), "{sets} {rule}\n{found}");
        }
    }
}
