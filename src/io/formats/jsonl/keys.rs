//! Finds the text fields of a JSON object without building a value of it. [`KeyTree`] walks one
//! line along the configured keys only and borrows the raw bytes of the values at their ends. Texts
//! can therefore be cut in the line itself, and key order, numbers, escapes and white space are
//! preserved. The parser still validates the whole line: a line that is not JSON is damaged.
//!
//! For the field names `text` and `meta.url` the tree has the children `text` and `meta`, and
//! `meta` has the child `url`. All other keys are skipped.

use crate::io::record::{Escaping, Field, Parsed, TextFields};
use crate::io::{FieldNames, ReservedField, quoted_alternatives};
use anyhow::{Result, ensure};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Depth to which the parser reads objects and lists within each other.
const MAX_DEPTH: usize = 127;

/// The fields to look for in each object, as a tree of keys.
#[derive(Clone, Debug)]
pub struct KeyTree {
    root: KeyNode,
    /// The names of the text fields; [`Role::Text`] holds an index of these.
    text_names: Vec<String>,
    /// The fields that must not exist.
    reserved: Vec<ReservedField>,
}

/// A key of the tree, or its root.
#[derive(Clone, Debug, Default)]
struct KeyNode {
    children: Vec<(String, KeyNode)>,
    /// The role of a value at this node, if it has one.
    role: Option<Role>,
    /// The roles of this node and of all nodes below it. If a key occurs twice in an object,
    /// matches with these roles are discarded at the second occurrence.
    subtree_roles: Vec<Role>,
}

/// What the value of a configured field is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A text; its index in the names of text fields.
    Text(usize),
    Id,
    Url,
    Language,
    Site,
    /// Not read: the run will write this field, so it must not exist; its index among the reserved
    /// ones.
    Reserved(usize),
}

/// A value with a role, as written in the line.
#[derive(Debug)]
struct KeyMatch<'r> {
    role: Role,
    raw: &'r str,
    /// The number of the list that it is an item of, and its index there.
    item: Option<(usize, usize)>,
}

impl KeyMatch<'_> {
    /// Whether `self` and `other` have the same role and are items of the same list.
    fn is_in_list_of(&self, other: &Self) -> bool {
        let lists = [self.item, other.item].map(|item| item.map(|(list, _)| list));
        self.role == other.role && lists[0].is_some() && lists[0] == lists[1]
    }

    /// Whether the value is a string.
    fn is_string(&self) -> bool {
        self.raw.starts_with('"')
    }
}

impl KeyTree {
    /// Parses field names into a tree. In a name, a dot descends into an object, or into each
    /// object of a list, and `\.` is a literal dot.
    ///
    /// # Errors
    /// If a part of a name is empty, or a name has too many parts.
    pub fn new(names: &FieldNames) -> Result<Self> {
        let mut root = KeyNode::default();
        for (index, name) in names.text.iter().enumerate() {
            root.insert(name, Role::Text(index))?;
        }
        for (name, role) in [
            (&names.id, Role::Id),
            (&names.url, Role::Url),
            (&names.language, Role::Language),
            (&names.site, Role::Site),
        ] {
            if let Some(name) = name {
                root.insert(name, role)?;
            }
        }
        for (index, field) in names.reserved.iter().enumerate() {
            let literal_name = field.name.replace('\\', "\\\\").replace('.', "\\.");
            root.insert(&literal_name, Role::Reserved(index))?;
        }
        Ok(Self {
            root,
            text_names: names.text.clone(),
            reserved: names.reserved.clone(),
        })
    }

    /// Parses `line`, which holds one JSON object, and returns its texts. A byte-order mark before
    /// the object is allowed, and so are the brackets and commas of a list whose elements are on a
    /// line each. Numbers that only Python writes, such as `NaN`, are read as numbers. A blank line
    /// has no text; a line that is not an object, has no text field, or has no string in any text
    /// field is damaged.
    #[must_use]
    pub fn parse<'r>(&'r self, line: &'r str) -> Parsed<'r> {
        let body = list_element(line.strip_prefix('\u{feff}').unwrap_or(line));
        if body.is_empty() {
            return Parsed::NoText;
        }
        let error = match self.find_values(body) {
            Ok(matches) => return self.collect_fields(line, &matches),
            Err(error) => error,
        };
        if let Some(plain) = without_special_numbers(body)
            && let Ok(matches) = self.find_values(&plain)
        {
            // Both texts have the same values at the same offsets.
            let matches = matches.into_iter().map(|KeyMatch { role, raw, item }| {
                let start = raw.as_ptr() as usize - plain.as_ptr() as usize;
                let raw = &body[start..start + raw.len()];
                KeyMatch { role, raw, item }
            });
            return self.collect_fields(line, &matches.collect::<Vec<_>>());
        }
        let problem = if body.starts_with('{') {
            "is not JSON"
        } else {
            "is not a JSON object"
        };
        Parsed::Damaged(format!("{problem} ({})", without_line(&error.to_string())))
    }

    /// Returns whether the object in `line`, which is read as in [`KeyTree::parse`], has a text field
    /// with any value. Returns `None` if the line holds no object.
    #[must_use]
    pub fn has_text(&self, line: &str) -> Option<bool> {
        let body = list_element(line.strip_prefix('\u{feff}').unwrap_or(line));
        let plain = without_special_numbers(body);
        let matches = self.find_values(plain.as_deref().unwrap_or(body)).ok()?;
        Some(
            matches
                .iter()
                .any(|found| matches!(found.role, Role::Text(_))),
        )
    }

    /// Returns the values of an object that have a role.
    fn find_values<'r>(&self, object: &'r str) -> Result<Vec<KeyMatch<'r>>, serde_json::Error> {
        let mut matches = Vec::new();
        let mut parser = serde_json::Deserializer::from_str(object);
        let visitor = ObjectVisitor {
            node: &self.root,
            matches: &mut matches,
        };
        visitor.deserialize(&mut parser)?;
        parser.end()?;
        Ok(matches)
    }

    /// Returns the text field with this index, of which `group` holds the value, or the values in a
    /// list, as written in `line`.
    fn field<'r>(&'r self, index: usize, line: &'r str, group: &[KeyMatch<'r>]) -> Field<'r> {
        let name = Cow::Borrowed(self.text_names[index].as_str());
        if group[0].item.is_none() {
            return Field::new(name, line, string_range(line, group[0].raw), Escaping::Json);
        }
        let texts: Vec<(usize, Range<usize>)> = group
            .iter()
            .filter(|found| found.is_string())
            .filter_map(|found| Some((found.item?.1, string_range(line, found.raw))))
            .collect();
        Field::list(name, line, &texts, Escaping::Json)
    }

    /// Sorts `matches`, the values found in `line`, by their roles. The strings of a list are one
    /// text. Reports the record as damaged if a reserved field exists or if no text field holds a
    /// string.
    fn collect_fields<'r>(&'r self, line: &'r str, matches: &[KeyMatch<'r>]) -> Parsed<'r> {
        let mut texts = TextFields::default();
        let (mut first_other, mut taken) = (None, None);
        for group in matches.chunk_by(KeyMatch::is_in_list_of) {
            let (role, raw) = (group[0].role, group[0].raw);
            match role {
                Role::Text(index) if group.iter().any(KeyMatch::is_string) => {
                    texts.fields.push(self.field(index, line, group));
                }
                Role::Text(index) => {
                    first_other = first_other.or(Some((index, type_name(raw))));
                }
                Role::Id => {
                    // `NaN` is no JSON, so it cannot be written to another file.
                    let json = Some(raw).filter(|raw| !is_special_number(raw));
                    (texts.id, texts.id_json) = (scalar(raw), json);
                }
                Role::Url => texts.url = scalar(raw),
                Role::Language => texts.language = scalar(raw),
                Role::Site => texts.site = scalar(raw),
                Role::Reserved(index) => taken = taken.or(Some(&self.reserved[index])),
            }
        }
        if let Some(ReservedField { name, option }) = taken {
            return Parsed::Damaged(format!(
                "already has a field '{name}', which would be added; choose another name with \
                 {option}"
            ));
        }
        match (texts.fields.is_empty(), first_other) {
            (false, _) => Parsed::Texts(texts),
            (true, Some((index, type_name))) => Parsed::Damaged(format!(
                "holds {type_name} in '{}' instead of a text",
                self.text_names[index]
            )),
            (true, None) => Parsed::Damaged(format!(
                "has no field {}",
                quoted_alternatives(&self.text_names)
            )),
        }
    }
}

impl KeyNode {
    /// Adds the keys of `path` that are missing below this node, and sets the role of the last one.
    /// Fails if a key of the path is empty.
    fn insert(&mut self, path: &str, role: Role) -> Result<()> {
        let keys = split_path(path);
        ensure!(
            keys.len() <= MAX_DEPTH,
            "a field name of {} parts is not possible; JSON is read to a depth of {MAX_DEPTH}",
            keys.len()
        );
        let mut node = self;
        node.subtree_roles.push(role);
        for key in keys {
            ensure!(
                !key.is_empty(),
                "'{path}' is not a valid field name; a dot separates nested names, and \\. is a \
                 literal dot"
            );
            let index = node
                .children
                .iter()
                .position(|(name, _)| *name == key)
                .unwrap_or_else(|| {
                    node.children.push((key, Self::default()));
                    node.children.len() - 1
                });
            node = &mut node.children[index].1;
            node.subtree_roles.push(role);
        }
        node.role = Some(role);
        Ok(())
    }

    /// Appends the matches in `raw`, a value at this node, to `matches`: those below an object's
    /// keys, those of each item of a list, or the value itself. `item` is set if the value is an
    /// item of a list: the number of matches before that list, and the index of the item. A list
    /// within a list counts as a value and is not searched, so that a line is parsed a bounded
    /// number of times.
    fn find<'r>(
        &self,
        raw: &'r str,
        item: Option<(usize, usize)>,
        matches: &mut Vec<KeyMatch<'r>>,
    ) -> Result<(), serde_json::Error> {
        match raw.as_bytes().first() {
            Some(b'{') if !self.children.is_empty() => {
                let node = self;
                ObjectVisitor { node, matches }
                    .deserialize(&mut serde_json::Deserializer::from_str(raw))
            }
            Some(b'[') if item.is_none() => {
                let items: Vec<&RawValue> = serde_json::from_str(raw)?;
                let list = matches.len();
                items
                    .into_iter()
                    .enumerate()
                    .try_for_each(|(index, raw)| self.find(raw.get(), Some((list, index)), matches))
            }
            _ => {
                matches.extend(self.role.map(|role| KeyMatch { role, raw, item }));
                Ok(())
            }
        }
    }
}

/// Splits a field name at its dots into keys. `\.` and `\\` are a literal dot and backslash; a
/// backslash before any other character is literal.
fn split_path(path: &str) -> Vec<String> {
    let (mut keys, mut key, mut escaped) = (Vec::new(), String::new(), false);
    for c in path.chars() {
        match (c, escaped) {
            ('\\', false) => escaped = true,
            ('.', false) => keys.push(std::mem::take(&mut key)),
            (c, _) => {
                if escaped && c != '.' && c != '\\' {
                    key.push('\\');
                }
                key.push(c);
                escaped = false;
            }
        }
    }
    keys.push(key);
    keys
}

/// Visits an object and appends the matches below the keys of `node`.
struct ObjectVisitor<'n, 'm, 'r> {
    node: &'n KeyNode,
    matches: &'m mut Vec<KeyMatch<'r>>,
}

impl<'r> DeserializeSeed<'r> for ObjectVisitor<'_, '_, 'r> {
    type Value = ();

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'r> Visitor<'r> for ObjectVisitor<'_, '_, 'r> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        let first_own = self.matches.len();
        while let Some(child) = map.next_key_seed(KeySeed(self.node))? {
            let Some(child) = child else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw: &RawValue = map.next_value()?;
            // If a key occurs twice in an object, the last value counts, as in most parsers.
            self.matches
                .extract_if(first_own.., |found| {
                    child.subtree_roles.contains(&found.role)
                })
                .for_each(drop);
            child
                .find(raw.get(), None, self.matches)
                .map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Reads a key and looks it up among the children of a node, without copying it.
struct KeySeed<'n>(&'n KeyNode);

impl<'n, 'r> DeserializeSeed<'r> for KeySeed<'n> {
    type Value = Option<&'n KeyNode>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for KeySeed<'n> {
    type Value = Option<&'n KeyNode>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let mut children = self.0.children.iter();
        Ok(children
            .find(|(name, _)| name == key)
            .map(|(_, child)| child))
    }
}

/// Returns the byte range in `line` of the characters of `raw`, a JSON string, without its quotes.
/// `raw` must be a slice of `line`: its offset is the difference of their addresses.
fn string_range(line: &str, raw: &str) -> Range<usize> {
    let start = raw.as_ptr() as usize - line.as_ptr() as usize;
    start + 1..start + raw.len() - 1
}

/// Returns a JSON string decoded, or a number as written. Returns `None` for an empty string and
/// for all other types, which cannot be an id, a URL, a language or a site.
fn scalar(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => Some(Escaping::Json.decode(&raw[1..raw.len() - 1]).into_owned())
            .filter(|text| !text.is_empty()),
        b'-' | b'0'..=b'9' if !is_special_number(raw) => Some(raw.to_owned()),
        _ => None,
    }
}

/// Returns the JSON type of `raw`, which is not a string, as a message names it. The first byte
/// determines it.
fn type_name(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "true or false",
        Some(b'[') => "a list",
        Some(b'{') => "an object",
        _ => "a number",
    }
}

/// Returns the value of the object in `line`, which is read as in [`KeyTree::parse`], or `None` if
/// it holds none.
pub(super) fn parse_value(line: &str) -> Option<Value> {
    let body = list_element(line.strip_prefix('\u{feff}').unwrap_or(line));
    let plain = without_special_numbers(body);
    serde_json::from_str(plain.as_deref().unwrap_or(body)).ok()
}

/// Whether a line holds a JSON object, as [`KeyTree::parse`] reads it: all of it or, unless
/// `is_complete`, as far as the line goes.
pub(super) fn is_object(line: &str, is_complete: bool) -> bool {
    let body = list_element(line);
    if !body.starts_with('{') {
        return false;
    }
    let plain = without_special_numbers(body);
    match serde_json::from_str::<IgnoredAny>(plain.as_deref().unwrap_or(body)) {
        Ok(_) => true,
        Err(error) => error.is_eof() && !is_complete,
    }
}

/// Whether `json` begins with a JSON value, as far as it goes.
pub(super) fn begins_with_value(json: &str) -> bool {
    let plain = without_special_numbers(json);
    let json = plain.as_deref().unwrap_or(json);
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => true,
        Some(Err(error)) => error.is_eof(),
        None => false,
    }
}

/// Returns a line without white space at its ends and, if it is an element of a list, without the
/// bracket or comma before and behind it. Empty if nothing else is left.
fn list_element(line: &str) -> &str {
    let line = line.trim_ascii();
    let rest = line.strip_prefix(['[', ',']).unwrap_or(line);
    let rest = rest.strip_suffix(',').unwrap_or(rest).trim_ascii_end();
    let element = rest.strip_suffix(']').unwrap_or(rest).trim_ascii();
    // Anything else stays as it is, and is reported.
    if element.is_empty() || element.starts_with('{') && element.ends_with('}') {
        element
    } else {
        line
    }
}

/// Replaces the numbers that Python writes and JSON lacks, `NaN`, `Infinity` and `-Infinity`, by
/// numbers of the same length, outside of strings. Returns `None` if there are none.
fn without_special_numbers(json: &str) -> Option<String> {
    const SPECIAL: [(&str, &str); 2] = [("NaN", "0  "), ("Infinity", "0       ")];
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = memchr::memchr3(b'"', b'N', b'I', &json.as_bytes()[at..]) {
        at += found;
        if json.as_bytes()[at] == b'"' {
            at += string_len(&json[at..])?;
        } else if let Some((name, number)) = SPECIAL
            .iter()
            .find(|(name, _)| json[at..].starts_with(name))
        {
            out.push_str(&json[copied..at]);
            out.push_str(number);
            at += name.len();
            copied = at;
        } else {
            return None;
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&json[copied..]);
    Some(out)
}

/// Returns whether a value is one of the numbers that [`without_special_numbers`] replaces.
fn is_special_number(raw: &str) -> bool {
    raw.trim_start_matches('-').starts_with(['N', 'I'])
}

/// Returns the length in bytes of the JSON string that `json` starts with, quotes included; `None`
/// if it does not end.
fn string_len(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Replaces the line and column in an error message of the JSON parser by a byte position. The
/// parser gets one line at a time, so its line number is always 1 and would be misleading.
fn without_line(message: &str) -> String {
    message.replace(" at line 1 column ", " at byte ")
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
        match keys.parse(line) {
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
            ["text=a\nb"]
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
        let Parsed::Texts(texts) =
            plain.parse(r#"{"id":1e2,"meta":{"url":"https:\/\/a.org"},"text":""}"#)
        else {
            panic!()
        };
        assert_eq!(
            (texts.id.as_deref(), texts.url.as_deref()),
            (Some("1e2"), Some("https://a.org"))
        );
    }

    #[test]
    fn numbers_of_python_are_read() {
        let line =
            r#"{"a": [NaN, -Infinity], "b": {"c": Infinity}, "id": NaN, "text": "NaN \"I\""}"#;
        assert_eq!(texts(&keys(&["text"]), line), ["text=NaN \"I\""]);
        for line in [
            r#"{"text": "a", "b": NaNa}"#,
            r#"{"text": "a", "b": None}"#,
            r#"{"text": "NaN}"#,
        ] {
            assert!(
                matches!(keys(&["text"]).parse(line), Parsed::Damaged(_)),
                "{line}"
            );
        }
    }

    #[test]
    fn elements_of_a_list_are_on_a_line_each() {
        for line in [
            r#"[{"text": "a"},"#,
            r#" {"text": "a"} ,"#,
            r#"{"text": "a"} ]"#,
            r#"[ {"text": "a"} ]"#,
        ] {
            assert_eq!(texts(&keys(&["text"]), line), ["text=a"], "{line}");
        }
        for line in ["[", " ] ", ",", "[]"] {
            assert_eq!(keys(&["text"]).parse(line), Parsed::NoText, "{line}");
        }
        let several = r#"[{"text": "a"}, {"text": "b"}]"#;
        assert!(matches!(keys(&["text"]).parse(several), Parsed::Damaged(_)));
    }

    #[test]
    fn damaged_lines_state_the_reason() {
        for (line, reason) in [
            (
                "{\"text\": \"a\"",
                "is not JSON (EOF while parsing an object at byte 12)",
            ),
            ("{\"text\": \"a\nb\"}", "is not JSON"),
            ("{\"text\": \"a\"} x", "is not JSON"),
            ("{\"text\": \"a\", \"b\": nope}", "is not JSON"),
            ("[1]", "is not a JSON object"),
            ("{\"body\": \"a\"}", "has no field 'text'"),
            ("{\"text\": null}", "holds null in 'text'"),
            ("{\"text\": 7}", "holds a number in 'text'"),
            ("{\"text\": [[\"a\"]]}", "holds a list in 'text'"),
        ] {
            let keys = keys(&["text"]);
            let Parsed::Damaged(found) = keys.parse(line) else {
                panic!("{line}")
            };
            assert!(found.starts_with(reason), "{line}: {found}");
        }
        assert_eq!(keys(&["text"]).parse(" \r\n"), Parsed::NoText);
        assert!(
            KeyTree::new(&FieldNames {
                text: vec!["a..b".to_owned()],
                ..FieldNames::default()
            })
            .is_err()
        );
    }

    #[test]
    fn deep_nesting_is_parsed_once() {
        let deep = format!(
            "{{\"x\":{}{},\"text\":\"a\"}}",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert_eq!(texts(&keys(&["text"]), &deep), ["text=a"]);
    }

    #[test]
    fn a_list_of_many_objects_is_parsed_in_linear_time() {
        let line = format!(
            "{{\"m\":[{{\"t\":\"a\"}}{}]}}",
            ",{\"t\":\"b\"}".repeat(200_000)
        );
        assert_eq!(texts(&keys(&["m.t"]), &line).len(), 200_001);
    }
}
