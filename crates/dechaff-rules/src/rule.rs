//! What a rule is: its category, its confidence, what it matches, and under which conditions it
//! applies. How rules are written in files is defined in `pack`; how the engine searches for them
//! is derived in [`plan`](crate::plan).

use crate::language::is_known;
use crate::string_list::StringList;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The identifier of a rule: its index in a set of rules such as
/// [`CompiledRules`](crate::CompiledRules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleId(u32);

impl RuleId {
    /// Makes the id of the rule at `index` of its set. An id has no meaning for other sets, in
    /// which it denotes another rule or none.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(index as u32)
    }

    /// Returns the index of the rule in its set, counted from 0 in the order in which rules were
    /// added. Use it to keep data about rules in a vector.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Defines an enum whose variants have fixed names in packs, options and records, with conversions
/// from and to them.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $type:ident: $what:literal { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$doc])* $variant,)+ }

        impl $type {
            /// All variants, in their fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name of the variant as packs, options and records write it: lower-case
            /// letters and hyphens.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(format!(
                        concat!("unknown ", $what, " '{}', expected one of {}"),
                        name,
                        [$($name),+].join(", "),
                    )),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

named! {
    /// What kind of chaff a rule removes. The list is closed.
    Category: "category" {
        /// Texts that video players leave behind.
        Video = "video",
        /// Notices that the page needs JavaScript or a newer browser.
        ScriptNotice = "script-notice",
        /// How to contact the newsroom and where to find more of its news.
        Newsroom = "newsroom",
        /// Prompts to sign up for a newsletter or other e-mail.
        Newsletter = "newsletter",
        /// Prompts to subscribe, log in, register or donate.
        Paywall = "paywall",
        /// Share bars and prompts to follow.
        Share = "share",
        /// Cookie and privacy banners.
        Cookie = "cookie",
        /// Links to other articles.
        Related = "related",
        /// Menus, breadcrumbs, tags, skip links.
        Navigation = "navigation",
        /// Advert markers and disclosures.
        Advert = "advert",
        /// Photo and image credits, gallery controls.
        Credit = "credit",
        /// Copyright lines.
        Copyright = "copyright",
        /// Comment widgets.
        Comments = "comments",
        /// Bylines and author bios.
        BylineBio = "byline-bio",
        /// The agency or site that an article came from, and who else contributed.
        Syndication = "syndication",
        /// Promotion of apps.
        AppPromo = "app-promo",
        /// Audio players.
        Audio = "audio",
        /// Dates, reading times, update stamps.
        Timestamp = "timestamp",
        /// Lines that repeat an earlier line of the document, or that its site repeats.
        Repeat = "repeat",
        /// Headings, separators and blank lines that other removals left without a purpose.
        Layout = "layout",
        /// Lines that the line model removes.
        Other = "other",
    }
}

named! {
    /// How certain it is that a match of a rule is chaff. Decides from which [`Level`] on the rule
    /// removes it.
    Confidence: "confidence" {
        /// Removed at every level, also at `precise`.
        Certain = "certain",
        /// Removed at the levels `balanced` and `thorough`.
        Likely = "likely",
        /// Removed at the level `thorough` only.
        Possible = "possible",
    }
}

named! {
    /// How much is removed. Levels nest: each removes everything that the one before removes.
    Level: "level" {
        /// Rules that are certain.
        Precise = "precise",
        /// Rules that are certain or likely. The default.
        Balanced = "balanced",
        /// All rules.
        Thorough = "thorough",
    }
}

impl Level {
    /// Whether the level applies rules of this confidence.
    #[must_use]
    pub fn applies(self, confidence: Confidence) -> bool {
        match self {
            Self::Precise => confidence == Confidence::Certain,
            Self::Balanced => confidence != Confidence::Possible,
            Self::Thorough => true,
        }
    }
}

named! {
    /// The part of a document in which a rule applies. Head and tail are the first and last eight
    /// non-blank lines, or the first and last fifth of them if that is more.
    Zone: "zone" {
        /// The first lines.
        Head = "head",
        /// The last lines.
        Tail = "tail",
        /// The whole document.
        Anywhere = "anywhere",
    }
}

named! {
    /// A hint for the structure filters about what a line is. A rule with a cue removes nothing by
    /// itself.
    Cue: "cue" {
        /// A line of a newsroom footer. A run of them at the end of a document is removed.
        Footer = "footer",
        /// A heading above a list of links.
        Related = "related",
        /// A label of a share bar.
        Share = "share",
        /// A label of a menu.
        Navigation = "navigation",
        /// The closing of a letter, such as "Yours sincerely".
        Closing = "closing",
    }
}

named! {
    /// The filters, by the names with which options switch them on and off.
    FilterName: "filter" {
        /// Phrases, labels and patterns of all packs.
        Phrases = "phrases",
        /// Code, front matter and tables, which it protects.
        Structures = "structures",
        /// Closings and signatures of letters, which it protects.
        Letters = "letters",
        /// The run of newsroom lines at the end of a document.
        Footer = "footer",
        /// Link lines under a heading such as "Related".
        Links = "links",
        /// The rest of a sentence of which the first line was removed.
        Continuations = "continuations",
        /// Several short share or menu labels in a row.
        Labels = "labels",
        /// Lines that repeat an earlier line of the document.
        Repeats = "repeats",
        /// Short lines between removed ones, if the line model is off.
        Between = "between",
        /// Texts that the site of the document repeats, as was learned before.
        Site = "site",
        /// Lines that the line model scores as chaff.
        Model = "model",
        /// Headings and separators without a text left to head or to separate.
        Orphans = "orphans",
        /// Blank lines that are doubled after a removal.
        Blanks = "blanks",
    }
}

/// How the languages of a rule relate to the language of a document, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LanguageFit {
    /// The rule is written for the language of the document.
    Own,
    /// The rule is written for no particular language.
    Any,
    /// The rule is written for other languages.
    Other,
}

/// What a rule does with its matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Removes them.
    Remove,
    /// Protects them: a removal that touches one is vetoed.
    Keep,
    /// Passes a cue about their lines to the structure filters.
    Cue(Cue),
}

/// What a rule matches. The kinds of matchers are a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matcher {
    /// Any of several phrases in the [phrase language](crate::phrase).
    Phrases {
        /// The phrases as written in the pack.
        phrases: StringList,
        /// Whether the match must be the whole line.
        line: bool,
    },
    /// Any of several labels as a whole line, apart from punctuation and symbols at the ends of the
    /// line.
    Labels(StringList),
    /// A whole line of at least two words, all of which are listed, at least one of them as
    /// telling.
    Words {
        /// Words that identify such a line, such as "login".
        telling: StringList,
        /// Words that may occur beside them.
        filler: StringList,
    },
    /// Any of several regular expressions, in the syntax of the regex crate.
    Patterns {
        /// The expressions as written in the pack.
        patterns: StringList,
        /// Whether the match must be the whole line.
        line: bool,
    },
    /// The findings of the filter with this name.
    Filter(FilterName),
}

/// A condition that something else nearby is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// Categories, one of which the neighbouring removal must have.
    pub categories: Vec<Category>,
    /// Largest distance of the neighbouring removal, in non-blank lines.
    pub within: usize,
}

/// Short documents that test a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examples {
    /// Documents in which the rule must match: it removes something, protects something or gives a
    /// cue, according to its effect.
    pub matches: StringList,
    /// Documents in which the rule must not match.
    pub non_matches: StringList,
}

/// One thing to remove or to protect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Full name: pack, slash, id, as in `video/html5-upgrade`.
    pub name: String,
    /// A sentence on what the rule removes.
    pub description: String,
    /// The kind of chaff that the rule removes.
    pub category: Category,
    /// How certain it is that a match is chaff.
    pub confidence: Confidence,
    /// What the rule does with its matches.
    pub effect: Effect,
    /// What the rule matches.
    pub matcher: Matcher,
    /// Exceptions: regular expressions, matched case-insensitively against the lines that a match
    /// touches. A hit cancels the match.
    pub unless: Vec<String>,
    /// Length of the longest line that a whole-line pattern matches, in code points; `None` for no
    /// limit.
    pub longest: Option<usize>,
    /// The part of the document in which the rule applies.
    pub zone: Zone,
    /// A neighbouring removal without which the rule does not apply.
    pub near: Option<Near>,
    /// ISO 639-1 codes of the languages that the rule is bound to; empty for all.
    pub languages: Vec<String>,
    /// Hosts that the rule is bound to, including their subdomains; empty for all.
    pub hosts: Vec<String>,
    /// The documents that test the rule.
    pub examples: Examples,
    /// Whether the rule replaces a rule of the same name, as `override = true` says.
    pub overrides: bool,
    /// Where the rule was defined: the name of the file, and the line, counted from 1.
    pub origin: (String, usize),
}

impl Rule {
    /// Returns the name of the pack that the rule belongs to: the part of its full name before the
    /// slash.
    #[must_use]
    pub fn pack(&self) -> &str {
        self.name
            .split_once('/')
            .map_or(&self.name, |(pack, _)| pack)
    }

    /// Iterates over the sources of all regular expressions of the rule, each with whether it
    /// ignores case: the patterns, which do not, then the exceptions, which do. The build script
    /// compiles them for the built-in rules.
    pub fn regexes(&self) -> impl Iterator<Item = (&str, bool)> {
        let patterns = match &self.matcher {
            Matcher::Patterns { patterns, .. } => Some(patterns),
            _ => None,
        };
        patterns
            .into_iter()
            .flat_map(|patterns| patterns.iter().map(|source| (source, false)))
            .chain(self.unless.iter().map(|source| (source.as_str(), true)))
    }

    /// Returns the filter that applies the rule. Phrases, patterns, labels and words all belong to
    /// [`FilterName::Phrases`].
    #[must_use]
    pub fn filter(&self) -> FilterName {
        match self.matcher {
            Matcher::Filter(name) => name,
            _ => FilterName::Phrases,
        }
    }

    /// Returns whether `name` selects this rule: by its full name, its pack, its filter or, if the
    /// rule removes, its category. A user switches rules on and off by these names.
    #[must_use]
    pub fn matches_name(&self, name: &str) -> bool {
        name == self.name
            || name == self.pack()
            || name == self.category.name() && self.effect == Effect::Remove
            || name == self.filter().name()
    }

    /// Returns whether the rule applies to a document in the language that `language` returns. The
    /// closure is called only if the rule is bound to languages, because detecting a language is
    /// slow. If it returns `None`, all rules apply.
    pub fn applies_to_language<'l>(&self, language: impl FnOnce() -> Option<&'l str>) -> bool {
        self.languages.is_empty()
            || language().is_none_or(|code| self.languages.iter().any(|bound| bound == code))
    }

    /// Returns how the languages for which the rule is written relate to `language`, a code in the
    /// form that rules use. These are the languages that the rule is bound to, and that of its pack
    /// if the pack is named after one. Which rules apply does not depend on it.
    #[must_use]
    pub fn language_fit(&self, language: &str) -> LanguageFit {
        if self.pack() == language || self.languages.iter().any(|bound| bound == language) {
            LanguageFit::Own
        } else if self.has_language() {
            LanguageFit::Other
        } else {
            LanguageFit::Any
        }
    }

    /// Returns whether the rule is written for particular languages, so that
    /// [`language_fit`](Self::language_fit) depends on the language.
    #[must_use]
    pub fn has_language(&self) -> bool {
        self.first_language().is_some()
    }

    /// Returns the first language that the rule is bound to or, if it is bound to none, that of its
    /// pack if the pack is named after one.
    #[must_use]
    pub fn first_language(&self) -> Option<&str> {
        let bound = self.languages.first().map(String::as_str);
        bound.or_else(|| Some(self.pack()).filter(|pack| is_known(pack)))
    }

    /// Returns whether the rule applies to a document of this host: if the rule is bound to no
    /// host, or if `host` is one of its hosts or a subdomain of one. A rule that is bound to hosts
    /// never applies if `host` is `None`.
    #[must_use]
    pub fn applies_to_host(&self, host: Option<&str>) -> bool {
        self.hosts.is_empty()
            || host.is_some_and(|host| self.hosts.iter().any(|domain| is_within(host, domain)))
    }
}

/// Returns whether `host` is `domain` or one of its subdomains. Both are lower case.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
