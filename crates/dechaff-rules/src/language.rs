//! Languages: their names, their codes in the form that rules use, and the conversion from the
//! codes of corpora, which come with regions, with scripts, or in three letters.

/// A language of the built-in packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// Its code in the form that rules use.
    pub code: &'static str,
    /// Its English name.
    pub name: &'static str,
    /// Its codes in three letters.
    long_codes: &'static [&'static str],
    /// Other names, in lower case: its own, and those of its varieties.
    other_names: &'static [&'static str],
}

impl Language {
    /// The languages of the built-in packs.
    pub const ALL: &'static [Self] = &[
        Self::new("en", "English", &["eng"], &[]),
        Self::new("de", "German", &["deu", "ger"], &["deutsch"]),
        Self::new("fr", "French", &["fra", "fre"], &["français", "francais"]),
        Self::new(
            "es",
            "Spanish",
            &["spa"],
            &["español", "espanol", "castilian"],
        ),
        Self::new("it", "Italian", &["ita"], &["italiano"]),
        Self::new("pt", "Portuguese", &["por"], &["português", "portugues"]),
        Self::new("nl", "Dutch", &["nld", "dut"], &["nederlands", "flemish"]),
        Self::new("sv", "Swedish", &["swe"], &["svenska"]),
        Self::new("da", "Danish", &["dan"], &["dansk"]),
        Self::new(
            "no",
            "Norwegian",
            &["nor", "nob", "nno"],
            &["norsk", "bokmål", "nynorsk"],
        ),
        Self::new("fi", "Finnish", &["fin"], &["suomi"]),
        Self::new("pl", "Polish", &["pol"], &["polski"]),
        Self::new("cs", "Czech", &["ces", "cze"], &["čeština", "cesky"]),
        Self::new("ru", "Russian", &["rus"], &["русский"]),
        Self::new("uk", "Ukrainian", &["ukr"], &["українська"]),
        Self::new("tr", "Turkish", &["tur"], &["türkçe", "turkce"]),
        Self::new("el", "Greek", &["ell", "gre"], &["ελληνικά"]),
        Self::new("hu", "Hungarian", &["hun"], &["magyar"]),
        Self::new("ro", "Romanian", &["ron", "rum"], &["română", "romana"]),
        Self::new("id", "Indonesian", &["ind"], &["bahasa indonesia"]),
        Self::new("vi", "Vietnamese", &["vie"], &["tiếng việt"]),
        Self::new("ja", "Japanese", &["jpn"], &["日本語"]),
        Self::new("ko", "Korean", &["kor"], &["한국어"]),
        Self::new(
            "zh",
            "Chinese",
            &["zho", "chi", "cmn"],
            &["mandarin", "中文"],
        ),
        Self::new("ar", "Arabic", &["ara", "arb"], &["العربية"]),
        Self::new("hi", "Hindi", &["hin"], &["हिन्दी"]),
    ];

    const fn new(
        code: &'static str,
        name: &'static str,
        long_codes: &'static [&'static str],
        other_names: &'static [&'static str],
    ) -> Self {
        Self {
            code,
            name,
            long_codes,
            other_names,
        }
    }

    /// Returns the language that people call `name`, in English or in the language itself.
    #[must_use]
    pub fn called(name: &str) -> Option<&'static Self> {
        let name = name.to_lowercase();
        Self::ALL.iter().find(|language| {
            language.name.to_lowercase() == name || language.other_names.contains(&name.as_str())
        })
    }
}

/// Returns the form of a language code that rules use: lower case, without region and script
/// (`en-GB` becomes `en`), and `no` for both written forms of Norwegian. Other codes are returned
/// as they are, also if no such language exists.
#[must_use]
pub fn canonical(code: &str) -> String {
    let code = code
        .split(['-', '_'])
        .next()
        .unwrap_or(code)
        .to_ascii_lowercase();
    match code.as_str() {
        "nb" | "nn" => "no".to_owned(),
        _ => code,
    }
}

/// Returns the rules' code for a language tag of a corpus, in two letters (`en`, `en-GB`) or three
/// (`eng`, `eng_Latn`). Returns `None` for names such as `English`, and for three-letter codes of
/// languages that no rule is bound to: the language of such a document is better detected from its
/// text.
#[must_use]
pub fn from_tag(code: &str) -> Option<String> {
    let code = canonical(code);
    match code.len() {
        2 if code.bytes().all(|byte| byte.is_ascii_lowercase()) => Some(code),
        3 => Language::ALL
            .iter()
            .find(|language| language.long_codes.contains(&code.as_str()))
            .map(|language| language.code.to_owned()),
        _ => None,
    }
}

/// Returns whether `code`, in the form that rules use, is the code of a language of the built-in
/// packs.
pub(crate) fn is_known(code: &str) -> bool {
    Language::ALL.iter().any(|language| language.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_names() {
        let codes = [
            "english",
            "Deutsch",
            "FRANÇAIS",
            "Norwegian",
            "中文",
            "klingon",
        ]
        .map(|name| Language::called(name).map_or("", |language| language.code));
        assert_eq!(codes, ["en", "de", "fr", "no", "zh", ""]);
    }

    #[test]
    fn language_codes_are_reduced_to_one_form() {
        assert_eq!(
            [
                "eng_Latn", "de-AT", "cmn_Hani", "NB", "oci", "English", "x", ""
            ]
            .map(|tag| from_tag(tag).unwrap_or_default()),
            ["en", "de", "zh", "no", "", "", "", ""]
        );
        assert_eq!(
            ["en-GB", "EN", "nb", "nn_NO", "no", "zh-Hant"].map(canonical),
            ["en", "en", "no", "no", "no", "zh"]
        );
    }
}
