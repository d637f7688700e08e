//! Codes of languages, as rules, documents and options name them.

/// The code that rules use for a language: ISO 639-1 where there is one, without region or script, one for both
/// written forms of Norwegian.
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

/// The code of a language that the data of a corpus names, in two letters (`en`, `en-GB`) or three (`eng`, `eng_Latn`);
/// none for what is no such code, and for languages that rules have no code for, which are better guessed.
pub fn known(code: &str) -> Option<String> {
    const LONG: &[(&str, &str)] = &[
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
    let code = canonical(code);
    match code.len() {
        2 if code.bytes().all(|byte| byte.is_ascii_lowercase()) => Some(code),
        3 => LONG
            .iter()
            .find(|(long, _)| *long == code)
            .map(|(_, short)| (*short).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_form() {
        assert_eq!(
            [
                "eng_Latn", "de-AT", "cmn_Hani", "NB", "oci", "English", "x", ""
            ]
            .map(known),
            {
                let some = |code: &str| Some(code.to_owned());
                [
                    some("en"),
                    some("de"),
                    some("zh"),
                    some("no"),
                    None,
                    None,
                    None,
                    None,
                ]
            }
        );
        assert_eq!(
            ["en-GB", "EN", "nb", "nn_NO", "no", "zh-Hant"].map(canonical),
            ["en", "en", "no", "no", "no", "zh"]
        );
    }
}
