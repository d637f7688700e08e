//! The JSON schemas of packs and of the configuration, with which editors complete and check them.

use crate::{checkout_trial, pack_sources, root, trial};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

/// Returns the tests of this module.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("schema::is_up_to_date", is_up_to_date),
        trial(
            "schema::rejects_what_the_pack_reader_rejects",
            rejects_what_the_pack_reader_rejects,
        ),
        trial(
            "schema::has_the_keys_that_the_pack_reader_accepts",
            has_the_keys_that_the_pack_reader_accepts,
        ),
        trial(
            "schema::accepts_packs_that_rules_new_writes",
            accepts_packs_that_rules_new_writes,
        ),
        trial(
            "schema::of_the_configuration_has_the_keys_of_the_command",
            configuration_has_the_keys_of_the_command,
        ),
        trial(
            "schema::of_the_configuration_has_values_that_the_command_accepts",
            configuration_has_values_that_the_command_accepts,
        ),
        trial(
            "schema::of_the_configuration_has_the_types_of_the_command",
            configuration_has_the_types_of_the_command,
        ),
        trial(
            "schema::of_the_configuration_accepts_what_the_command_accepts",
            configuration_accepts_what_the_command_accepts,
        ),
        checkout_trial(
            "schema::accepts_all_built_in_packs",
            accepts_all_built_in_packs,
        ),
    ]
}

/// Returns the schema that `rules schema` prints.
fn schema() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(["rules", "schema"])
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns why `value` does not conform to a JSON `schema`, or `None` if it does. Supports only the
/// keywords that the schemas of this repository use.
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
        "number" => value.is_number(),
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
    if let Some(number) = value.as_f64() {
        let is_below = schema["minimum"].as_f64().is_some_and(|min| number < min);
        let is_above = schema["maximum"].as_f64().is_some_and(|max| number > max);
        return (is_below || is_above).then(|| format!("{value} is out of range"));
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
        .as_array()
        .into_iter()
        .flatten()
        .find(|name| !members.contains_key(name.as_str().unwrap()));
    if let Some(name) = missing {
        return Some(format!("{name} is missing in {value}"));
    }
    members
        .iter()
        .find_map(|(name, member)| match &schema["properties"][name] {
            Value::Null if schema["additionalProperties"].is_object() => {
                problem(member, &schema["additionalProperties"])
            }
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
         examples.match = ['a', 'b']\nexamples.no_match = ['c', 'd']\n"
    )
}

fn is_up_to_date() {
    let committed = fs::read_to_string(root().join("docs/pack.schema.json")).unwrap();
    assert!(
        schema() == serde_json::from_str::<Value>(&committed).unwrap(),
        "run `dechaff rules schema > docs/pack.schema.json`"
    );
}

fn accepts_all_built_in_packs() {
    let schema = schema();
    let packs = pack_sources();
    assert!(packs.len() > 40);
    for (path, source) in packs {
        assert_eq!(problem(&json(&source), &schema), None, "{}", path.display());
    }
}

/// The packs are those that the recorded cases of `rules new` expect.
fn accepts_packs_that_rules_new_writes() {
    let schema = schema();
    for name in [
        "rules-new-writes-a-pack.out/mine.toml",
        "rules-new-appends-to-configured-pack.out/mine.toml",
        "rules-new-creates-configured-pack.out/early-pack.toml",
    ] {
        let pack = fs::read_to_string(root().join("tests/cmd").join(name)).unwrap();
        assert_eq!(problem(&json(&pack), &schema), None, "{name}");
    }
}

fn rejects_what_the_pack_reader_rejects() {
    let schema = schema();
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

fn has_the_keys_that_the_pack_reader_accepts() {
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

/// Returns the schema of `dechaff.toml`.
fn configuration_schema() -> Value {
    let source = fs::read_to_string(root().join("docs/config.schema.json")).unwrap();
    serde_json::from_str(&source).unwrap()
}

/// Returns why the command refuses a configuration, or `None` if it accepts it.
fn refusal(configuration: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dechaff.toml");
    fs::write(&path, configuration).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(["clean", "--check", "--quiet", "--config"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

fn configuration_has_the_keys_of_the_command() {
    let error = refusal("colour = 1").unwrap();
    let (_, keys) = error.split_once("the keys are ").unwrap();
    let keys: BTreeSet<_> = keys.trim().split(", ").map(str::to_owned).collect();
    assert_eq!(property_names(&configuration_schema()), keys);
}

fn configuration_has_values_that_the_command_accepts() {
    for (key, property) in configuration_schema()["properties"].as_object().unwrap() {
        let values = property["enum"].as_array().into_iter().flatten();
        for value in values.chain(property.get("default")) {
            assert_eq!(refusal(&format!("{key} = {value}")), None);
        }
        if property["enum"].is_array() {
            assert!(refusal(&format!("{key} = 'fierce'")).is_some(), "{key}");
        }
    }
}

/// The command may refuse more than the schema: a name that it does not know, for example.
fn configuration_has_the_types_of_the_command() {
    let schema = configuration_schema();
    for (key, property) in schema["properties"].as_object().unwrap() {
        for written in ["'x'", "1", "0.5", "true", "['x']"] {
            let line = format!("{key} = {written}");
            let refusal = refusal(&line);
            if problem(&json(&line)[key], property).is_some() {
                assert!(refusal.is_some(), "the schema refuses {line}");
            } else if let Some(refusal) = refusal {
                assert!(!refusal.contains("' must be "), "{line}: {refusal}");
            }
        }
    }
}

/// The files are in the form in which `SchemaStore` wants them.
fn configuration_accepts_what_the_command_accepts() {
    let schema = configuration_schema();
    let mut keys = property_names(&schema);
    for (folder, is_accepted) in [("accepted", true), ("refused", false)] {
        let directory = root().join("tests/data/configurations").join(folder);
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let source = fs::read_to_string(&path).unwrap();
            let value = json(&source);
            let found = (problem(&value, &schema), refusal(&source));
            let is_none = (found.0.is_none(), found.1.is_none());
            let shown = path.display();
            assert_eq!(is_none, (is_accepted, is_accepted), "{shown}: {found:?}");
            if is_accepted {
                keys.retain(|key| value.get(key).is_none());
            }
        }
    }
    // A learned file has to exist.
    let learned = ["learned", "min-pages", "min-share"].map(str::to_owned);
    assert_eq!(keys, BTreeSet::from(learned), "keys without an example");
}
