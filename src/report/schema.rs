//! The pack format as a JSON Schema, with which editors complete and check packs. The schema checks
//! keys and types. What it cannot express, the lint checks: that a phrase or pattern parses, for
//! example, and that a rule has exactly one matcher.

use dechaff_core::{Category, Confidence, Cue, FilterName, Zone};
use serde_json::{Map, Value, json};

/// Returns the schema, as `dechaff rules schema` prints it. Like the reader of packs, it allows no
/// keys that it does not list.
#[must_use]
pub fn pack_schema() -> Value {
    let name = json!({ "type": "string", "pattern": "^[a-z0-9-]+$" });
    let pack = object(
        &["name"],
        [
            ("name", described("The name of the pack", name)),
            ("description", json!({ "type": "string" })),
        ],
    );
    let mut schema = object(
        &["pack"],
        [
            ("pack", pack),
            ("sets", sets()),
            ("rule", json!({ "type": "array", "items": rule() })),
        ],
    );
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A dechaff rule pack".into();
    schema
}

/// Returns the schema of `[sets]`, which may have any names.
fn sets() -> Value {
    let mut sets = object(&[], []);
    sets["additionalProperties"] = one_or_many("The members of the set");
    described(
        "Named sets: ${name} in a phrase, a pattern or an exception stands for the members of the \
         set, joined by |",
        sets,
    )
}

/// Returns the schema of a `[[rule]]`. The order of keys is that in which editors offer them.
fn rule() -> Value {
    let categories = one_of(Category::ALL.iter().map(|category| category.name()));
    let confidences = one_of(Confidence::ALL.iter().map(|confidence| confidence.name()));
    let filters = one_of(FilterName::ALL.iter().map(|filter| filter.name()));
    let zones = one_of(Zone::ALL.iter().map(|zone| zone.name()));
    let cues = one_of(Cue::ALL.iter().map(|cue| cue.name()));
    let near = json!({ "type": "array", "items": categories });
    object(
        &["id", "description", "examples"],
        [
            ("id", id()),
            (
                "description",
                json!({ "description": "What the rule removes, in a sentence", "type": "string" }),
            ),
            (
                "category",
                described("The kind of chaff that the rule removes", categories),
            ),
            (
                "confidence",
                described(
                    "The lowest level that applies the rule: certain for precise, likely for \
                     balanced, possible for thorough",
                    confidences,
                ),
            ),
            (
                "phrase",
                one_or_many(
                    "A phrase, matched in any case and with any white space between words: (a|b) \
                     is one of several, [a] is optional, {1..3} is any 1 to 3 words, {#} is a \
                     number",
                ),
            ),
            (
                "pattern",
                one_or_many("A regular expression in the syntax of the regex crate"),
            ),
            ("labels", list("Texts that match as a whole line only")),
            (
                "words",
                described("Words of which a matching line consists", words()),
            ),
            (
                "filter",
                described(
                    "The filter whose findings the rule removes, in place of a text to match",
                    filters,
                ),
            ),
            ("line", flag("Whether the match must be the whole line")),
            (
                "longest",
                number("The most code points of a line that a pattern with line = true matches"),
            ),
            (
                "unless",
                list(
                    "Regular expressions, matched in any case on the lines of a match; if one \
                     matches, the rule does not apply",
                ),
            ),
            (
                "zone",
                described("The part of a document in which the rule applies", zones),
            ),
            (
                "near",
                described(
                    "Categories; the rule applies only if something of one of them is removed \
                     nearby",
                    near,
                ),
            ),
            (
                "within",
                number("The greatest distance for near, in lines (default 2)"),
            ),
            (
                "languages",
                list("Codes of the languages to which the rule is limited"),
            ),
            (
                "hosts",
                list("Hosts, with their subdomains, to which the rule is limited"),
            ),
            (
                "keep",
                flag("Whether the rule protects what it matches from removal"),
            ),
            (
                "cue",
                described(
                    "What a matching line is to the structure filters; the rule removes nothing \
                     itself",
                    cues,
                ),
            ),
            (
                "override",
                flag("Whether the rule replaces the one with the same full name"),
            ),
            (
                "examples",
                described("Texts with which the rule is tested", examples()),
            ),
        ],
    )
}

/// Returns the schema of a rule's id, which names its pack too if it replaces a rule of another
/// pack.
fn id() -> Value {
    json!({
        "description": "The name of the rule in its pack; with override = true it may be the full \
                        name of another pack's rule",
        "type": "string", "pattern": "^([a-z0-9-]+/)?[a-z0-9-]+$",
    })
}

fn words() -> Value {
    object(
        &["telling"],
        [
            (
                "telling",
                list("Words that show what the line is; it must contain at least one"),
            ),
            ("filler", list("Words that the line may contain besides")),
        ],
    )
}

/// Returns the schema of `examples`. There must be two of each kind, since one text seldom shows
/// where a rule ends.
fn examples() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" }, "minItems": 2 });
    object(
        &["match", "no_match"],
        [
            (
                "match",
                described(
                    "Short documents in which the rule matches: it removes something, protects \
                     something or gives a cue",
                    texts.clone(),
                ),
            ),
            (
                "no_match",
                described("Short documents in which the rule does not match", texts),
            ),
        ],
    )
}

/// Returns the schema of an object that has these members and no others. Those of `required` must
/// be there, the rest may be left out.
fn object<const N: usize>(required: &[&str], members: [(&str, Value); N]) -> Value {
    let members: Map<String, Value> = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    json!({
        "type": "object", "required": required, "additionalProperties": false,
        "properties": members,
    })
}

fn list(description: &str) -> Value {
    described(
        description,
        json!({ "type": "array", "items": { "type": "string" } }),
    )
}

/// Returns the schema of a key that may be a string or a list of strings, as a rule may have one
/// phrase or several.
fn one_or_many(description: &str) -> Value {
    json!({
        "description": description,
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
    })
}

fn flag(description: &str) -> Value {
    described(description, json!({ "type": "boolean" }))
}

fn number(description: &str) -> Value {
    described(description, json!({ "type": "integer", "minimum": 0 }))
}

fn one_of(names: impl Iterator<Item = &'static str>) -> Value {
    let names: Vec<&str> = names.collect();
    json!({ "type": "string", "enum": names })
}

fn described(description: &str, mut schema: Value) -> Value {
    schema["description"] = description.into();
    schema
}
