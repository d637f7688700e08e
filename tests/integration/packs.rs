//! Users' packs: `rules new`, `rules test`, and the JSON schema of packs for editors.

use crate::common::{run, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the schema that `rules schema` prints.
fn schema() -> Value {
    serde_json::from_str(&text(
        &run(ROOT.as_ref(), &["rules", "schema"], 0, "").stdout,
    ))
    .unwrap()
}

/// Returns why `value` does not conform to a JSON `schema`, or `None` if it does. Supports only the
/// keywords that the schema of packs uses.
fn problem(value: &Value, schema: &Value) -> Option<String> {
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return alternatives
            .iter()
            .all(|alternative| problem(value, alternative).is_some())
            .then(|| format!("{value} matches no alternative of {schema}"));
    }
    let has_type = match schema["type"]
        .as_str()
        .unwrap_or_else(|| panic!("no type in {schema}"))
    {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_u64().is_some(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    };
    if !has_type
        || schema["enum"]
            .as_array()
            .is_some_and(|names| !names.contains(value))
    {
        return Some(format!("{value} is not {schema}"));
    }
    let pattern = schema["pattern"]
        .as_str()
        .map(|pattern| regex::Regex::new(pattern).unwrap());
    if pattern.is_some_and(|pattern| !pattern.is_match(value.as_str().unwrap())) {
        return Some(format!("{value} does not match the pattern"));
    }
    if let Some(items) = value.as_array() {
        let has_too_few = schema["minItems"]
            .as_u64()
            .is_some_and(|min_items| (items.len() as u64) < min_items);
        return if has_too_few {
            Some(format!("{value} has too few items"))
        } else {
            items
                .iter()
                .find_map(|item| problem(item, &schema["items"]))
        };
    }
    let members = value.as_object()?;
    let missing = schema["required"]
        .as_array()?
        .iter()
        .find(|name| !members.contains_key(name.as_str().unwrap()));
    if let Some(name) = missing {
        return Some(format!("{name} is missing in {value}"));
    }
    members
        .iter()
        .find_map(|(name, member)| match &schema["properties"][name] {
            Value::Null => Some(format!("{name} is unknown")),
            member_schema => problem(member, member_schema),
        })
}

/// Converts a pack from TOML to JSON.
fn json(pack: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(pack).unwrap()).unwrap()
}

/// Returns a pack of one rule with the keys `extra`.
fn pack_with(extra: &str) -> String {
    format!(
        "[pack]\nname = 'p'\n[[rule]]\nid = 'a'\ndescription = 'D.'\n{extra}\n\
         examples.remove = ['a', 'b']\nexamples.keep = ['c', 'd']\n"
    )
}

#[test]
fn schema_is_up_to_date_and_accepts_all_built_in_packs() {
    let schema = schema();
    let committed: Value = serde_json::from_str(
        &fs::read_to_string(Path::new(ROOT).join("docs/pack.schema.json")).unwrap(),
    )
    .unwrap();
    assert!(
        schema == committed,
        "run `dechaff rules schema > docs/pack.schema.json`"
    );
    let mut packs = 0;
    for directory in [
        "crates/dechaff-core/rules",
        "crates/dechaff-core/rules/languages",
    ] {
        for entry in fs::read_dir(Path::new(ROOT).join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                packs += 1;
                assert_eq!(
                    problem(&json(&fs::read_to_string(&path).unwrap()), &schema),
                    None,
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(packs > 40);
    assert_eq!(
        problem(
            &json(&pack_with(
                "phrase = 'share this'\ncategory = 'share'\nconfidence = 'certain'"
            )),
            &schema
        ),
        None
    );
    for wrong in [
        "colour = 1",
        "category = 'chair'",
        "zone = 'middle'",
        "phrase = 1",
        "near = 'share'",
        "words.filler = ['a']",
        "line = 'yes'",
    ] {
        assert!(
            problem(&json(&pack_with(wrong)), &schema).is_some(),
            "{wrong}"
        );
        assert!(
            dechaff::RuleSet::default()
                .add_pack(&pack_with(wrong), "p.toml")
                .is_err(),
            "{wrong}"
        );
    }
}

/// Returns the keys that the reader lists in its error about an unknown key in `pack`.
fn accepted_keys(pack: &str) -> BTreeSet<String> {
    let error = dechaff::RuleSet::default()
        .add_pack(pack, "p.toml")
        .unwrap_err()
        .to_string();
    let expected = error.split("expected ").nth(1).unwrap();
    let keys = expected.split('`').skip(1).step_by(2);
    keys.map(str::to_owned).collect()
}

/// Returns the names of the properties of a schema of an object.
fn property_names(schema: &Value) -> BTreeSet<String> {
    let properties = schema["properties"].as_object().unwrap();
    properties.keys().cloned().collect()
}

#[test]
fn schema_has_the_keys_that_the_pack_reader_accepts() {
    let schema = schema();
    let rule = &schema["properties"]["rule"]["items"];
    assert_eq!(accepted_keys("colour = 1"), property_names(&schema));
    assert_eq!(
        accepted_keys("[pack]\ncolour = 1"),
        property_names(&schema["properties"]["pack"])
    );
    assert_eq!(
        accepted_keys("[pack]\nname = 'p'\n[[rule]]\ncolour = 1"),
        property_names(rule)
    );
    assert_eq!(
        accepted_keys("[pack]\nname = 'p'\n[[rule]]\nwords.colour = 1"),
        property_names(&rule["properties"]["words"])
    );
    assert_eq!(
        accepted_keys("[pack]\nname = 'p'\n[[rule]]\nexamples.colour = 1"),
        property_names(&rule["properties"]["examples"])
    );
}

#[test]
fn rules_new_adds_a_rule_for_a_sentence_to_the_pack() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let sentence = "Book your day trip with Harwell Ferries today!";
    fs::write(
        path.join("a.txt"),
        format!("It rained.\n{sentence}\nBook your day trip with Blue Star today!\nIt stopped.\n"),
    )
    .unwrap();
    let stdout = text(
        &run(
            path,
            &[
                "rules",
                "new",
                sentence,
                "--category",
                "advert",
                "--dry-run",
            ],
            0,
            "vary from page to page: Harwell Ferries",
        )
        .stdout,
    );
    assert!(
        stdout.contains("phrase = \"book your day trip with {1..4} today\"")
            && !path.join("mine.toml").exists(),
        "{stdout}"
    );
    run(
        path,
        &["rules", "new", sentence, "--category", "advert"],
        0,
        "added mine/book-day-trip to mine.toml",
    );
    run(path, &["rules", "test", "mine.toml"], 0, "");
    let output = run(
        path,
        &["clean", "a.txt", "--rules", "mine.toml", "-q"],
        0,
        "",
    );
    assert_eq!(text(&output.stdout), "It rained.\nIt stopped.\n");
    run(
        path,
        &["rules", "new", sentence, "--pack", "mine.toml"],
        2,
        "mine/book-day-trip already removes this sentence",
    );
    run(
        path,
        &["rules", "new", "Share this article"],
        2,
        "already removes this sentence",
    );
    // The existing text of the pack is kept, comments included. Rules are added to the first pack
    // of the configuration by default.
    let before = fs::read_to_string(path.join("mine.toml")).unwrap() + "# A comment.";
    fs::write(path.join("mine.toml"), &before).unwrap();
    fs::write(path.join("dechaff.toml"), "rules = ['mine.toml']\n").unwrap();
    run(
        path,
        &[
            "rules",
            "new",
            "Book your day trip on the quay",
            "--id",
            "quay",
            "--keep",
            "Book it.",
            "--keep",
            "He will book.",
        ],
        0,
        "mine/quay",
    );
    let after = fs::read_to_string(path.join("mine.toml")).unwrap();
    assert!(
        after.starts_with(&before) && after.contains("\"He will book.\""),
        "{after}"
    );
    assert_eq!(problem(&json(&after), &schema()), None);
    run(
        path,
        &["rules", "new", "Book a trip on the quay", "--id", "quay"],
        2,
        "the id 'quay' is taken",
    );
    // A configuration may name a pack that does not exist yet.
    fs::write(path.join("early.toml"), "rules = ['early-pack.toml']\n").unwrap();
    run(
        path,
        &[
            "rules",
            "new",
            "Moor your boat on the quay",
            "--config",
            "early.toml",
        ],
        0,
        "added early-pack/moor-boat-quay to early-pack.toml",
    );
    // A pack inside a configured directory is configured: no advice to use it is printed.
    fs::create_dir(path.join("packs")).unwrap();
    fs::copy(path.join("mine.toml"), path.join("packs/mine.toml")).unwrap();
    fs::write(path.join("other.toml"), "rules = ['packs']\n").unwrap();
    let output = run(
        path,
        &[
            "rules",
            "new",
            "Moor your boat on the quay",
            "--config",
            "other.toml",
        ],
        0,
        "to packs/mine.toml",
    );
    assert!(
        !text(&output.stderr).contains("use it with"),
        "{}",
        text(&output.stderr)
    );
    let page = text(&run(path, &["rules", "doc", "mine/quay"], 0, "").stdout);
    assert!(
        page.starts_with("### mine/quay\n\nLines such as “Book your day trip on the quay”. ("),
        "{page}"
    );
    let rules: Value = serde_json::from_str(&text(
        &run(path, &["rules", "show", "mine", "--json"], 0, "").stdout,
    ))
    .unwrap();
    assert_eq!(
        (rules[0]["name"].as_str(), rules[1]["line"].as_bool()),
        (Some("mine/book-day-trip"), Some(true))
    );
}

#[test]
fn failing_examples_are_shown_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(
        path.join("mine.toml"),
        "[pack]\nname = 'mine'\n\
         [[rule]]\nid = 'sail'\ndescription = 'D.'\ncategory = 'advert'\nconfidence = 'certain'\n\
         line = true\nphrase = 'sail with us on the northern line'\n\
         examples.remove = ['Sail with us on the southern line', \
         'We sail with us on the northern line']\n\
         examples.keep = [\"It rained.\\nSail with us on the northern line\", 'b']\n",
    )
    .unwrap();
    let stdout = text(&run(path, &["rules", "test", "mine.toml"], 1, "").stdout);
    for part in [
        "mine.toml:4: mine/sail remove 1: should remove something",
        "    mine/sail has 6 of the 7 words of 'sail with us on the northern line'\n",
        "    mine/sail matches a part ('sail with us on the northern line'), \
         but asks for the whole line\n",
        "    It rained.\n    [-Sail with us on the northern line-]{mine/sail}\n",
        "examples passed, 3 failed\n",
    ] {
        assert!(stdout.contains(part), "{part}\n{stdout}");
    }
    let results: Value = serde_json::from_str(&text(
        &run(path, &["rules", "test", "mine.toml", "--json"], 1, "").stdout,
    ))
    .unwrap();
    assert_eq!(
        (
            results["failed"].as_array().unwrap().len(),
            results["failed"][2]["example"].as_str()
        ),
        (3, Some("keep"))
    );
}
