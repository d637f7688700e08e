//! What must hold for every file of JSON Lines: a line that is not JSON stays as it is, and any
//! other has the values that `serde_json` reads, except for its texts, which are cleaned.
//!
//! The first byte of an input selects options; the rest is the file.

use super::files::{
    CLEANER, TEXTS, check_file, cleaned_text, is_compressed, keeps_records, options,
};
use dechaff_core::{Document, Scratch};
use serde::de::IgnoredAny;
use serde_json::{Value, from_slice, json};

/// Checks a file. See the description of the module.
pub fn check(data: &[u8]) {
    let [mode, file @ ..] = data else { return };
    if is_compressed(file) {
        return;
    }
    let mut options = options(*mode, "jsonl");
    options.format.names.id = Some("id".to_owned());
    if mode & 8 != 0 {
        options.format.names.text.push("meta.body".to_owned());
    }
    options.format.is_html = mode & 16 != 0;
    let batch = check_file(&options, "a.jsonl", file).expect("it can be cleaned");
    if !keeps_records(&options) || options.format.is_html {
        return;
    }
    let lines = |file| <[u8]>::split(file, |&byte| byte == b'\n');
    assert_eq!(lines(file).count(), lines(&batch.output).count());
    for (line, cleaned) in lines(file).zip(lines(&batch.output)) {
        let [value, found] = [line, cleaned]
            .map(|line| from_slice::<Value>(line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)));
        match (value, found) {
            (Ok(mut value), Ok(found)) => {
                if value.is_object() {
                    for name in &options.format.names.text {
                        clean_value(&mut value, &name.split('.').collect::<Vec<_>>());
                    }
                }
                assert_eq!(found, value);
            }
            (Ok(value), Err(error)) => panic!("{value} is damaged: {error}"),
            (Err(_), _) => {
                let json = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
                let is_json = from_slice::<IgnoredAny>(json).is_ok();
                assert!(is_json || cleaned == line, "a damaged line changed");
            }
        }
    }
}

/// Cleans the text at the end of `keys`, which lead through objects and lists of objects.
fn clean_value(value: &mut Value, keys: &[&str]) {
    match (value, keys) {
        (Value::String(text), []) => *text = cleaned_text(text),
        (Value::Object(members), [key, keys @ ..]) => {
            if let Some(member) = members.get_mut(*key) {
                clean_value(member, keys);
            }
        }
        (Value::Array(items), []) => clean_list(items),
        (Value::Array(items), keys) => {
            let objects = items.iter_mut().filter(|item| item.is_object());
            objects.for_each(|item| clean_value(item, keys));
        }
        _ => {}
    }
}

/// Cleans the strings of a list, which are one text.
fn clean_list(items: &mut [Value]) {
    let texts = items.iter_mut().filter_map(|item| match item {
        Value::String(text) => Some(text),
        _ => None,
    });
    let texts: Vec<&mut String> = texts.collect();
    let has_lines = texts.iter().any(|text| text.contains(['\n', '\r']));
    let separator = if has_lines { "\n\n" } else { "\n" };
    let parts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
    let joined = parts.join(separator);
    let document = Document::new(&joined).expect("the text is short");
    let cleaned = CLEANER.clean(&document, &mut Scratch::default());
    let mut start = 0;
    for text in texts {
        let end = start + text.len();
        *text = cleaned
            .kept()
            .map(|span| span.start().clamp(start, end)..span.end().clamp(start, end))
            .map(|range| &joined[range])
            .collect();
        start = end + separator.len();
    }
}

/// Returns files of a few records with texts in several places.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, text) in TEXTS.iter().enumerate() {
        let other = TEXTS[(number + 3) % TEXTS.len()];
        let records = [
            json!({"id": number, "text": text, "more": [other, null, 1.5e3]}),
            json!({"text": other, "meta": {"body": text, "text": "Advertisement"}}),
            json!({"meta": [{"body": text}, {"body": other}, 3], "id": "a"}),
            json!({"text": [text, other]}),
            json!({"text": ["It rained.", other, 1, "Advertisement"]}),
            json!({"text": format!("<p>a</p><p>{}</p><b>{text}</b>", TEXTS[2])}),
            json!({"text": null}),
        ];
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        for (index, line) in lines.iter().enumerate() {
            let escaped = line.replace('A', "\\u0041").replace('é', "\\u00E9");
            seeds.push([&[(number * 3 + index) as u8], line.as_bytes(), b"\n"].concat());
            seeds.push([&[8], escaped.as_bytes()].concat());
            seeds.push([&[16], escaped.as_bytes()].concat());
        }
        seeds.push([&[8 + number as u8], lines.join("\n").as_bytes()].concat());
        seeds.push([&[number as u8], lines.join("\r\n").as_bytes(), b"\r\n{\n"].concat());
    }
    seeds.push(b"\x08{\"text\":\"\\ud834Advertisement\\n\\udd1e\",\"text\":\"\\/\"}\n".to_vec());
    seeds.push(b"\x00\xEF\xBB\xBF { \"text\" : \"a\\nAdvertisement\" , \"n\":1e400}\n".to_vec());
    seeds
}
