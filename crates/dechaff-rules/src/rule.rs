//! What a rule means: its category, its confidence, what it looks for and under which conditions. How rules are
//! written in files is the business of `pack`; how they are found in a text, of `filter`.

use crate::string_list::StringList;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A rule's place in a [`RuleSet`](crate::RuleSet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleId(u32);

impl RuleId {
    pub fn new(index: usize) -> Self {
        Self(index as u32)
    }

    /// The index of the rule in its set.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Makes an enum whose variants have fixed names in files, on the command line and in records.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident: $what:literal { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$doc])* $variant,)+ }

        impl $type {
            /// All of them, in their fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name, as it stands in packs, options and records.
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
                    _ => Err(format!(concat!("unknown ", $what, " '{}', expected one of {}"), name, [$($name),+].join(", "))),
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
        /// What video players leave behind.
        Video = "video",
        /// Notices that a script or a newer browser is needed.
        ScriptNotice = "script-notice",
        /// How to reach the newsroom, where to find more of its news.
        Newsroom = "newsroom",
        /// Prompts to sign up for e-mail.
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
        /// Where an article came from, who else reported.
        Syndication = "syndication",
        /// Promotion of apps.
        AppPromo = "app-promo",
        /// Audio players.
        Audio = "audio",
        /// Dates, reading times, update stamps.
        Timestamp = "timestamp",
        /// Lines that stand in the document already.
        Repeat = "repeat",
        /// Headings, separators and blank lines that removals leave without a purpose.
        Layout = "layout",
        /// What the line model takes.
        Other = "other",
    }
}

named! {
    /// How sure it is that what a rule matches is chaff.
    Confidence: "confidence" {
        /// So sure that the level `precise` takes it.
        Certain = "certain",
        /// Taken from the level `balanced` on.
        Likely = "likely",
        /// Taken at the level `thorough` only.
        Possible = "possible",
    }
}

named! {
    /// How much is removed. Levels nest: what one removes, the next removes too.
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
    /// Where in a document a rule applies. Head and tail are the first and last eight lines that are not blank, or a
    /// fifth of them where that is more.
    Zone: "zone" {
        /// Near the start.
        Head = "head",
        /// Near the end.
        Tail = "tail",
        /// Everywhere.
        Anywhere = "anywhere",
    }
}

named! {
    /// What a line is to the structure filters; a rule with a cue removes nothing by itself.
    Cue: "cue" {
        /// A newsroom line; a run of them at the end of a document is a footer.
        Footer = "footer",
        /// A heading over a list of links.
        Related = "related",
        /// A label of a share bar.
        Share = "share",
        /// A label of a menu.
        Navigation = "navigation",
    }
}

named! {
    /// The filters, by the names that switch them on and off.
    FilterName: "filter" {
        /// Phrases, labels and patterns of all packs.
        Phrases = "phrases",
        /// The run of newsroom lines at the end.
        Footer = "footer",
        /// Link lines under a heading such as "Related".
        Links = "links",
        /// Several short share or menu labels in a row.
        Labels = "labels",
        /// Lines that stand in the document already.
        Repeats = "repeats",
        /// Lines that the line model judges to be chaff.
        Model = "model",
        /// Headings and separators that are left with nothing to head or to separate.
        Orphans = "orphans",
        /// Blank lines that a removal doubled.
        Blanks = "blanks",
    }
}

/// What happens to what a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It is removed.
    Remove,
    /// It is protected: a removal that touches it is vetoed.
    Keep,
    /// It tells the structure filters what a line is.
    Cue(Cue),
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matcher {
    /// Any of these phrases, in the phrase language; with `line` as a whole line.
    Phrases {
        /// The phrases as written.
        phrases: StringList,
        /// Whether the match must be the whole line.
        line: bool,
    },
    /// Any of these as a whole line.
    Labels(StringList),
    /// A whole line of at least two words, all of which are listed here, one of them as telling.
    Words {
        /// Words that tell what the line is.
        telling: StringList,
        /// Words that may stand beside them.
        filler: StringList,
    },
    /// Any of these regular expressions; with `line` as a whole line.
    Patterns {
        /// The expressions as written.
        patterns: StringList,
        /// Whether the match must be the whole line.
        line: bool,
    },
    /// What the filter of this name finds.
    Filter(FilterName),
}

/// A condition on what else is removed nearby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// Categories, one of which a neighbour must have.
    pub categories: Vec<Category>,
    /// How many lines that are not blank away it may be.
    pub within: usize,
}

/// Texts that prove a rule: whole little documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examples {
    /// In each of these the rule must take something (a `keep` rule: must leave all alone).
    pub remove: StringList,
    /// In each of these the rule must leave all alone (a `keep` rule: must protect something).
    pub keep: StringList,
}

/// One thing to remove or to protect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Full name: pack, slash, id.
    pub name: String,
    /// What it removes, in a sentence.
    pub description: String,
    /// What kind of chaff it removes.
    pub category: Category,
    /// How sure it is.
    pub confidence: Confidence,
    /// What happens to what it matches.
    pub effect: Effect,
    /// What it looks for.
    pub matcher: Matcher,
    /// Regular expressions, tried without case on the lines that a match touches; a hit cancels the match.
    pub unless: Vec<String>,
    /// The most code points that a line may have which a pattern takes whole; none for no limit.
    pub longest: Option<usize>,
    /// Where in the document it applies.
    pub zone: Zone,
    /// What must be removed nearby.
    pub near: Option<Near>,
    /// Languages it is bound to, as ISO 639-1 codes; empty for all.
    pub languages: Vec<String>,
    /// Hosts it is bound to, with their subdomains; empty for all.
    pub hosts: Vec<String>,
    /// The texts that prove it.
    pub examples: Examples,
    /// Whether it means to replace a rule of the same name.
    pub overrides: bool,
    /// Where it was written: file and line, counted from 1.
    pub origin: (String, usize),
}

impl Rule {
    /// The name of the pack that it came from.
    #[must_use]
    pub fn pack(&self) -> &str {
        self.name
            .split_once('/')
            .map_or(&self.name, |(pack, _)| pack)
    }

    /// Its regular expressions: those that it removes by, and those of exceptions, in which case does not count. The build
    /// asks for them.
    pub fn regexes(&self) -> impl Iterator<Item = (&str, bool)> {
        let patterns = match &self.matcher {
            Matcher::Patterns { patterns, .. } => Some(patterns),
            _ => None,
        };
        let own = patterns
            .into_iter()
            .flat_map(|patterns| patterns.iter().map(|source| (source, false)));
        own.chain(self.unless.iter().map(|source| (source.as_str(), true)))
    }

    /// The filter that applies it.
    #[must_use]
    pub fn filter(&self) -> FilterName {
        match self.matcher {
            Matcher::Filter(name) => name,
            _ => FilterName::Phrases,
        }
    }

    /// Whether `name` means this rule: its full name, pack, category or filter.
    #[must_use]
    pub fn matches_name(&self, name: &str) -> bool {
        name == self.name
            || name == self.pack()
            || name == self.category.name() && self.effect == Effect::Remove
            || name == self.filter().name()
    }

    /// Whether the rule applies to a document of this language, which is asked for only if that matters. Where it is
    /// not known, all rules apply.
    pub fn applies_to_language<'l>(&self, language: impl FnOnce() -> Option<&'l str>) -> bool {
        self.languages.is_empty()
            || language().is_none_or(|code| self.languages.iter().any(|own| own == code))
    }

    /// Whether the rule applies to a document of this host. A rule that is bound to hosts needs one.
    pub fn applies_to_host(&self, host: Option<&str>) -> bool {
        let within = |host: &str, own: &str| {
            host.strip_suffix(own)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.hosts.is_empty()
            || host.is_some_and(|host| self.hosts.iter().any(|own| within(host, own)))
    }
}
