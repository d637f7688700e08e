//! JSON objects, one a line: the bytes of the values that hold texts are found without making anything of the rest, so that
//! a text can be cleaned where it stands and key order, numbers, escapes and white space stay as they are. The whole line
//! is checked: what is not JSON is not touched.

use super::record::{Escaping, Field, Parsed, TextFields};
use super::{FieldNames, one_text_of};
use anyhow::{Result, ensure};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The fields that are looked for, as a tree of keys.
#[derive(Clone, Debug)]
pub struct KeyTree {
    root: KeyNode,
    names: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct KeyNode {
    below: Vec<(String, KeyNode)>,
    /// What a value at this place is.
    role: Option<Role>,
    /// All roles that values at this place or below it can have, where a key comes twice.
    roles: Vec<Role>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A text, under one of the names.
    Text(usize),
    Id,
    Url,
    Language,
    /// Nothing, as something is to be put there.
    Taken,
}

/// A value that was found.
#[derive(Debug)]
struct KeyMatch<'r> {
    role: Role,
    raw: &'r str,
}

impl KeyTree {
    /// Parses names. A dot steps into an object, and into each object of a list; `\.` is a dot in a name.
    ///
    /// # Errors
    /// If a name is empty.
    pub fn new(names: &FieldNames) -> Result<Self> {
        let mut root = KeyNode::default();
        for (index, name) in names.text.iter().enumerate() {
            root.add(name, Role::Text(index))?;
        }
        for (name, role) in [
            (&names.id, Role::Id),
            (&names.url, Role::Url),
            (&names.language, Role::Language),
        ] {
            if let Some(name) = name {
                root.add(name, role)?;
            }
        }
        if let Some(name) = &names.free {
            root.add(&name.replace('\\', "\\\\").replace('.', "\\."), Role::Taken)?;
        }
        Ok(Self {
            root,
            names: names.text.clone(),
        })
    }

    /// Finds the texts of a line.
    #[must_use]
    pub fn read<'r>(&'r self, line: &'r str) -> Parsed<'r> {
        let body = line.strip_prefix('\u{feff}').unwrap_or(line);
        if body.trim_ascii().is_empty() {
            return Parsed::NoText;
        }
        let mut found = Vec::new();
        let mut parser = serde_json::Deserializer::from_str(body);
        let seed = Walk {
            node: &self.root,
            found: &mut found,
        };
        if let Err(error) = seed.deserialize(&mut parser).and_then(|()| parser.end()) {
            let what = if body.trim_ascii_start().starts_with('{') {
                "is not JSON"
            } else {
                "is no JSON object"
            };
            return Parsed::Damaged(format!("{what} ({})", without_line(&error.to_string())));
        }
        self.sort(line, &found)
    }

    fn sort<'r>(&'r self, line: &'r str, found: &[KeyMatch<'r>]) -> Parsed<'r> {
        let mut texts = TextFields::default();
        let (mut other, mut taken) = (None, false);
        for value in found {
            let raw = value.raw;
            match value.role {
                Role::Text(name) if raw.starts_with('"') => {
                    let range = inside(line, raw);
                    texts.fields.push(Field::new(
                        Cow::Borrowed(self.names[name].as_str()),
                        line,
                        range,
                        Escaping::Json,
                    ));
                }
                Role::Text(name) => other = other.or(Some((name, kind(raw)))),
                Role::Id => (texts.id, texts.id_json) = (plain(raw), Some(raw)),
                Role::Url => texts.url = plain(raw),
                Role::Language => texts.language = plain(raw),
                Role::Taken => taken = true,
            }
        }
        if taken {
            return Parsed::Damaged(
                "has a field already of the name that its annotations were to get".to_owned(),
            );
        }
        match (texts.fields.is_empty(), other) {
            (false, _) => Parsed::Texts(texts),
            (true, Some((name, kind))) => Parsed::Damaged(format!(
                "holds {kind} in '{}' instead of a text",
                self.names[name]
            )),
            (true, None) => Parsed::Damaged(format!("has no field {}", one_text_of(&self.names))),
        }
    }
}

impl KeyNode {
    fn add(&mut self, path: &str, role: Role) -> Result<()> {
        let mut node = self;
        node.roles.push(role);
        for key in split(path) {
            ensure!(
                !key.is_empty(),
                "'{path}' is no name of a field; a dot stands between names, and \\. is a dot in a name"
            );
            let at = node
                .below
                .iter()
                .position(|(name, _)| *name == key)
                .unwrap_or_else(|| {
                    node.below.push((key, Self::default()));
                    node.below.len() - 1
                });
            node = &mut node.below[at].1;
            node.roles.push(role);
        }
        node.role = Some(role);
        Ok(())
    }

    /// Takes a value at this place: what it is itself, and what is in it.
    fn take<'r>(
        &self,
        raw: &'r str,
        in_list: bool,
        found: &mut Vec<KeyMatch<'r>>,
    ) -> Result<(), serde_json::Error> {
        match raw.as_bytes().first() {
            Some(b'{') if !self.below.is_empty() => {
                Walk { node: self, found }.deserialize(&mut serde_json::Deserializer::from_str(raw))
            }
            // Lists in lists are not looked into, so that a line is read a bounded number of times.
            Some(b'[') if !in_list => {
                let items: Vec<&RawValue> = serde_json::from_str(raw)?;
                items
                    .into_iter()
                    .try_for_each(|item| self.take(item.get(), true, found))
            }
            _ => {
                found.extend(self.role.map(|role| KeyMatch { role, raw }));
                Ok(())
            }
        }
    }
}

/// The keys of a path.
fn split(path: &str) -> Vec<String> {
    let (mut keys, mut escaped) = (vec![String::new()], false);
    for c in path.chars() {
        match (c, escaped) {
            ('\\', false) => escaped = true,
            ('.', false) => keys.push(String::new()),
            (c, _) => {
                if escaped && c != '.' && c != '\\' {
                    keys.last_mut().into_iter().for_each(|key| key.push('\\'));
                }
                keys.last_mut().into_iter().for_each(|key| key.push(c));
                escaped = false;
            }
        }
    }
    keys
}

/// Goes through an object for the keys below a node.
struct Walk<'n, 'f, 'r> {
    node: &'n KeyNode,
    found: &'f mut Vec<KeyMatch<'r>>,
}

impl<'r> DeserializeSeed<'r> for Walk<'_, '_, 'r> {
    type Value = ();

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'r> Visitor<'r> for Walk<'_, '_, 'r> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        let begun = self.found.len();
        while let Some(child) = map.next_key_seed(KeySeed(self.node))? {
            let Some(child) = child else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw: &RawValue = map.next_value()?;
            // Of a key that comes twice the last one counts, as everywhere.
            let mut index = 0;
            self.found.retain(|found| {
                index += 1;
                index <= begun || !child.roles.contains(&found.role)
            });
            child
                .take(raw.get(), false, self.found)
                .map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Looks a key up.
struct KeySeed<'n>(&'n KeyNode);

impl<'n, 'r> DeserializeSeed<'r> for KeySeed<'n> {
    type Value = Option<&'n KeyNode>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for KeySeed<'n> {
    type Value = Option<&'n KeyNode>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self
            .0
            .below
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node))
    }
}

/// Where the characters of a string stand in a line, between its quotes.
fn inside(line: &str, raw: &str) -> Range<usize> {
    let start = raw.as_ptr() as usize - line.as_ptr() as usize;
    start + 1..start + raw.len() - 1
}

/// A string, or a number as it is spelt.
fn plain(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => Some(Escaping::Json.decode(&raw[1..raw.len() - 1]).into_owned())
            .filter(|text| !text.is_empty()),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

fn kind(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "true or false",
        Some(b'[') => "a list",
        Some(b'{') => "an object",
        _ => "a number",
    }
}

/// A message of the parser, less the line that it believes to be on, which is always the first.
fn without_line(message: &str) -> String {
    message.replace(" at line 1 column ", " at byte ")
}

/// Adds a member to the end of an object. `value` is JSON.
#[must_use]
pub fn with_member(line: &[u8], name: &str, value: &[u8]) -> Option<Vec<u8>> {
    let close = line.iter().rposition(|&byte| byte == b'}')?;
    let empty = line[..close].trim_ascii_end().last() == Some(&b'{');
    let mut longer = Vec::with_capacity(line.len() + name.len() + value.len() + 8);
    longer.extend_from_slice(&line[..close]);
    longer.extend_from_slice(if empty { b"" } else { b", " });
    serde_json::to_writer(&mut longer, name).ok()?;
    longer.extend_from_slice(b": ");
    longer.extend_from_slice(value);
    longer.extend_from_slice(&line[close..]);
    Some(longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> KeyTree {
        let text = names.iter().map(|&name| name.to_owned()).collect();
        KeyTree::new(&FieldNames {
            text,
            id: Some("id".to_owned()),
            url: Some("meta.url".to_owned()),
            ..FieldNames::default()
        })
        .unwrap()
    }

    fn texts(keys: &KeyTree, line: &str) -> Vec<String> {
        match keys.read(line) {
            Parsed::Texts(texts) => texts
                .fields
                .into_iter()
                .map(|field| format!("{}={}", field.name, field.text))
                .collect(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn texts_are_found_by_paths() {
        let plain = keys(&["text"]);
        assert_eq!(
            texts(
                &plain,
                "{\"a\":[{\"text\":\"no\"}], \"te\\u0078t\" : \"a\\nb\"}\r\n"
            ),
            ["text=a\nb"]
        );
        assert_eq!(
            texts(&plain, r#"{"text":"first","text":"last"}"#),
            ["text=last"]
        );
        assert_eq!(
            texts(&plain, r#"{"text":["a",1,"b",["c"]]}"#),
            ["text=a", "text=b"]
        );
        let deep = keys(&["title", "m.content", "a\\.b"]);
        let line =
            r#"{"m":[{"content":"one"},{"content":null},{"content":"two"}],"title":"t","a.b":"c"}"#;
        assert_eq!(
            texts(&deep, line),
            ["m.content=one", "m.content=two", "title=t", "a\\.b=c"]
        );
        assert_eq!(
            texts(&deep, r#"{"m":[{"content":"one"}],"m":{"content":"two"}}"#),
            ["m.content=two"]
        );
        let Parsed::Texts(found) =
            plain.read(r#"{"id":1e2,"meta":{"url":"https:\/\/a.org"},"text":""}"#)
        else {
            panic!()
        };
        assert_eq!(
            (found.id.as_deref(), found.url.as_deref()),
            (Some("1e2"), Some("https://a.org"))
        );
    }

    #[test]
    fn what_is_no_text_says_why() {
        for (line, reason) in [
            (
                "{\"text\": \"a\"",
                "is not JSON (EOF while parsing an object at byte 12)",
            ),
            ("{\"text\": \"a\nb\"}", "is not JSON"),
            ("{\"text\": \"a\"} x", "is not JSON"),
            ("{\"text\": \"a\", \"b\": nope}", "is not JSON"),
            ("[1]", "is no JSON object"),
            ("{\"body\": \"a\"}", "has no field 'text'"),
            ("{\"text\": null}", "holds null in 'text'"),
            ("{\"text\": 7}", "holds a number in 'text'"),
            ("{\"text\": [[\"a\"]]}", "holds a list in 'text'"),
        ] {
            let keys = keys(&["text"]);
            let Parsed::Damaged(found) = keys.read(line) else {
                panic!("{line}")
            };
            assert!(found.starts_with(reason), "{line}: {found}");
        }
        assert_eq!(keys(&["text"]).read(" \r\n"), Parsed::NoText);
        assert!(
            KeyTree::new(&FieldNames {
                text: vec!["a..b".to_owned()],
                ..FieldNames::default()
            })
            .is_err()
        );
    }

    #[test]
    fn nesting_without_end_is_read_once() {
        let deep = format!(
            "{{\"x\":{}{},\"text\":\"a\"}}",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert_eq!(texts(&keys(&["text"]), &deep), ["text=a"]);
    }

    #[test]
    fn a_member_is_added_at_the_end() {
        assert_eq!(
            with_member(b"{\"a\":1 }\n", "d", b"[]").unwrap(),
            b"{\"a\":1 , \"d\": []}\n"
        );
        assert_eq!(with_member(b"{ }", "d", b"[]").unwrap(), b"{ \"d\": []}");
    }
}
