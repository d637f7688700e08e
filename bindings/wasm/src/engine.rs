//! A cleaner with its buffers. Options come and results go as JSON; errors are messages.

use crate::explained;
use crate::options::Options;
use crate::scanned::Scanned;
use dechaff_core::{Cleaner, Document, Scratch};
use serde::Serialize;
use std::cell::RefCell;

/// A cleaner.
#[derive(Debug)]
pub struct Engine {
    cleaner: Cleaner,
    /// Buffers of the last text. A module has one thread.
    scratch: RefCell<Scratch>,
}

impl Engine {
    /// Builds a cleaner from a JSON object of options.
    pub fn new(options: &str) -> Result<Self, String> {
        let options: Options = serde_json::from_str(options)
            .map_err(|error| format!("the options cannot be read: {error}"))?;
        Ok(Self {
            cleaner: options.cleaner()?,
            scratch: RefCell::default(),
        })
    }

    /// Cleans a text, which comes from `url` and is in the language `lang`, if these are known.
    pub fn scan(
        &self,
        text: &str,
        url: Option<&str>,
        lang: Option<&str>,
    ) -> Result<String, String> {
        let document = document(text, url, lang)?;
        let cleaned = self
            .cleaner
            .clean(&document, &mut self.scratch.borrow_mut());
        json(&Scanned::new(&cleaned, self.cleaner.rules()))
    }

    /// Cleans a text and explains the result; the parameters are those of [`scan`](Self::scan).
    pub fn explain(
        &self,
        text: &str,
        url: Option<&str>,
        lang: Option<&str>,
    ) -> Result<String, String> {
        let document = document(text, url, lang)?;
        let scratch = &mut self.scratch.borrow_mut();
        let explained = explained::explain(&self.cleaner, &document, scratch);
        json(&explained.map_err(|error| error.to_string())?)
    }
}

fn document<'t>(
    text: &'t str,
    url: Option<&str>,
    lang: Option<&str>,
) -> Result<Document<'t>, String> {
    let mut document = Document::new(text).map_err(|error| error.to_string())?;
    if let Some(url) = url {
        document = document.with_url(url);
    }
    if let Some(lang) = lang {
        document = document.with_corpus_language(lang);
    }
    Ok(document)
}

fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::Engine;
    use serde_json::{Value, json};

    fn engine(options: &Value) -> Engine {
        Engine::new(&options.to_string()).unwrap_or_else(|error| unreachable!("{error}"))
    }

    fn scan(text: &str) -> Value {
        let scanned = engine(&json!({}))
            .scan(text, None, None)
            .unwrap_or_default();
        serde_json::from_str(&scanned).unwrap_or_default()
    }

    fn refusal(options: &Value) -> String {
        Engine::new(&options.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn removals_have_offsets_in_utf16_and_in_bytes() {
        let scanned = scan("👩‍🚀 süß\nAdvertisement\n橋は月曜日。\n");
        let removal = &scanned["removals"][0];
        let offsets = ["start", "end", "startByte", "endByte"].map(|name| removal[name].as_u64());
        assert_eq!(offsets, [10, 24, 18, 32].map(Some));
        assert_eq!(removal["rule"], "advert/marker");
        assert_eq!(removal["category"], "advert");
        assert_eq!(removal["confidence"], "certain");
        assert_eq!(removal["description"], "A label over or under an advert.");
    }

    #[test]
    fn explanations_name_lines_clauses_and_the_language() {
        let text = "It rained in the town for a week.\nAdvertisement\nIt stopped.\n";
        let explained = engine(&json!({})).explain(text, None, None);
        let explained: Value =
            serde_json::from_str(&explained.unwrap_or_default()).unwrap_or_default();
        let removal = &explained["removals"][0];
        assert_eq!(removal["firstLine"], 2);
        assert_eq!(removal["matches"][0]["clause"], "Advertisement");
        assert_eq!(explained["language"], "en");
    }

    #[test]
    fn errors_say_what_is_wrong_in_the_names_of_javascript() {
        assert_eq!(
            refusal(&json!({"level": "gentle"})),
            "unknown level 'gentle', expected one of precise, balanced, thorough"
        );
        assert_eq!(
            refusal(&json!({"maxRemoved": 2})),
            "maxRemoved must be a share from 0 to 1, not 2"
        );
        assert!(refusal(&json!({"skip": ["sharing"]})).contains("did you mean 'share'?"));
    }
}
