//! The pack format as a JSON schema, from which editors complete and check packs. What a schema cannot say, such as that a
//! rule has exactly one thing to look for that a phrase parses, the lint says.

use crate::rule::{Category, Confidence, Cue, FilterName, Zone};
use serde_json::{Map, Value, json};

/// The schema.
#[must_use]
pub fn pack_schema() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let one_or_many =
        |what: &str| json!({ "description": what, "anyOf": [{ "type": "string" }, texts.clone()] });
    let list = |what: &str| described(what, texts.clone());
    let flag = |what: &str| described(what, json!({ "type": "boolean" }));
    let number = |what: &str| described(what, json!({ "type": "integer", "minimum": 0 }));
    let names = |names: Vec<&str>| json!({ "type": "string", "enum": names });
    let categories = names(Category::ALL.iter().map(|name| name.name()).collect());
    let two_texts = |what: &str| {
        described(
            what,
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 2 }),
        )
    };
    let name = json!({ "type": "string", "pattern": "^[a-z0-9-]+$" });
    let words = object(
        &["telling"],
        [
            (
                "telling",
                list("Words that tell what the line is; one of them must be there"),
            ),
            ("filler", list("Words that may stand beside them")),
        ],
    );
    let examples = object(
        &["remove", "keep"],
        [
            (
                "remove",
                two_texts(
                    "Little documents in each of which the rule takes something; of a keep rule: that it leaves alone",
                ),
            ),
            (
                "keep",
                two_texts(
                    "Little documents that the rule leaves alone; of a keep rule: in each of which it protects something",
                ),
            ),
        ],
    );
    let rule = object(
        &["id", "description", "examples"],
        [
            (
                "id",
                json!({ "description": "Its name in the pack; with override = true it may be another pack's rule in full", "type": "string", "pattern": "^([a-z0-9-]+/)?[a-z0-9-]+$" }),
            ),
            (
                "description",
                json!({ "description": "What it removes, in a sentence", "type": "string" }),
            ),
            (
                "category",
                described("What kind of chaff it removes", categories.clone()),
            ),
            (
                "confidence",
                described(
                    "certain from level precise on, likely from balanced, possible at thorough",
                    names(Confidence::ALL.iter().map(|name| name.name()).collect()),
                ),
            ),
            (
                "phrase",
                one_or_many(
                    "Words in any case with any white space between: (a|b) one of, [a] perhaps, {1..3} words, {#} a number",
                ),
            ),
            (
                "pattern",
                one_or_many("Regular expressions of the regex crate"),
            ),
            ("labels", list("Whole lines")),
            (
                "words",
                described("Words that a whole line may be made of", words),
            ),
            (
                "filter",
                described(
                    "Nothing of its own, but what this filter finds",
                    names(FilterName::ALL.iter().map(|name| name.name()).collect()),
                ),
            ),
            ("line", flag("The match must be the whole line")),
            (
                "longest",
                number("For a pattern with line = true: the most code points of the line"),
            ),
            (
                "unless",
                list("Regular expressions without case; a hit on the lines of a match cancels it"),
            ),
            (
                "zone",
                described(
                    "Where in a document it applies",
                    names(Zone::ALL.iter().map(|name| name.name()).collect()),
                ),
            ),
            (
                "near",
                described(
                    "Categories, one of which is removed nearby",
                    json!({ "type": "array", "items": categories }),
                ),
            ),
            (
                "within",
                number("So many lines away, where near is given (2)"),
            ),
            ("languages", list("Codes of languages that it is bound to")),
            (
                "hosts",
                list("Hosts that it is bound to, with their subdomains"),
            ),
            ("keep", flag("It protects what it matches")),
            (
                "cue",
                described(
                    "It removes nothing, but tells what a line is",
                    names(Cue::ALL.iter().map(|name| name.name()).collect()),
                ),
            ),
            (
                "override",
                flag("It replaces the rule of the same full name"),
            ),
            ("examples", described("Texts that prove it", examples)),
        ],
    );
    let pack = object(
        &["name"],
        [
            ("name", described("Its name", name)),
            ("description", json!({ "type": "string" })),
        ],
    );
    let mut schema = object(
        &["pack"],
        [
            ("pack", pack),
            ("rule", json!({ "type": "array", "items": rule })),
        ],
    );
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A pack of rules of dechaff".into();
    schema
}

/// An object of these members and no others.
fn object<const N: usize>(required: &[&str], members: [(&str, Value); N]) -> Value {
    let members: Map<String, Value> = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    json!({ "type": "object", "required": required, "additionalProperties": false, "properties": members })
}

fn described(what: &str, mut schema: Value) -> Value {
    schema["description"] = what.into();
    schema
}
