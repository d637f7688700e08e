//! Language codes: the form that rules use, and the conversion from the codes of corpora, which
//! come with regions, with scripts, or in three letters.

/// The three-letter codes of the languages of the built-in packs, several for some of them, and their
/// codes in the form that rules use.
const KNOWN: &[(&str, &str)] = &[
    ("eng", "en"),
    ("deu", "de"),
    ("ger", "de"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("spa", "es"),
    ("ita", "it"),
    ("por", "pt"),
    ("nld", "nl"),
    ("dut", "nl"),
    ("swe", "sv"),
    ("dan", "da"),
    ("nor", "no"),
    ("nob", "no"),
    ("nno", "no"),
    ("fin", "fi"),
    ("pol", "pl"),
    ("ces", "cs"),
    ("cze", "cs"),
    ("rus", "ru"),
    ("ukr", "uk"),
    ("tur", "tr"),
    ("ell", "el"),
    ("gre", "el"),
    ("hun", "hu"),
    ("ron", "ro"),
    ("rum", "ro"),
    ("ind", "id"),
    ("vie", "vi"),
    ("jpn", "ja"),
    ("kor", "ko"),
    ("zho", "zh"),
    ("chi", "zh"),
    ("cmn", "zh"),
    ("ara", "ar"),
    ("arb", "ar"),
    ("hin", "hi"),
];

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
        3 => KNOWN
            .iter()
            .find(|(long, _)| *long == code)
            .map(|(_, short)| (*short).to_owned()),
        _ => None,
    }
}

/// Returns whether `code`, in the form that rules use, is the code of a language of the built-in
/// packs.
pub(crate) fn is_known(code: &str) -> bool {
    KNOWN.iter().any(|(_, short)| *short == code)
}

#[cfg(test)]
mod tests {
    use super::*;

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
