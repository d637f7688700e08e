//! Codes of languages, as rules, documents and options name them.

/// The code that rules use for a language: ISO 639-1 where there is one, without region or script, one for both
/// written forms of Norwegian.
pub(crate) fn canonical(code: &str) -> String {
    let code = code.split(['-', '_']).next().unwrap_or(code).to_ascii_lowercase();
    match code.as_str() {
        "nb" | "nn" => "no".to_owned(),
        _ => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_form() {
        assert_eq!(["en-GB", "EN", "nb", "nn_NO", "no", "zh-Hant"].map(canonical), ["en", "en", "no", "no", "no", "zh"]);
    }
}
