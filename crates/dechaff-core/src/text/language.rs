//! Detection of the language of a text. It is slow compared with cleaning, so it runs only for
//! documents of unknown language in which a rule that is bound to languages matched.

use dechaff_rules::language::from_tag;
use whatlang::detect;

/// Bytes of prose that are read of a text.
const SAMPLE_LEN: usize = 1500;

/// Length of the shortest line that counts as prose, in bytes. Shorter ones can be names, menus or
/// notices in another language.
const MIN_PROSE_LEN: usize = 60;

/// Most frequent English words, by which most texts are recognized.
const COMMON_WORDS: &[&str] = &[
    "the", "of", "and", "to", "that", "was", "is", "for", "with", "on", "it",
];

/// Detects the language of a text and returns its code, in the form that rules use if rules can
/// name the language. Reads a bounded part of the text: its first lines of prose or, if it has
/// none, its start. Returns `None` if the result would not be reliable.
pub(crate) fn detect_language(text: &str) -> Option<String> {
    let mut sample = String::new();
    for line in text
        .lines()
        .take(SAMPLE_LEN)
        .map(str::trim)
        .filter(|line| line.len() >= MIN_PROSE_LEN)
    {
        sample.push_str(&line[..line.floor_char_boundary(SAMPLE_LEN - sample.len())]);
        sample.push('\n');
        if sample.len() >= SAMPLE_LEN {
            break;
        }
    }
    let sample = if sample.is_empty() {
        &text[..text.floor_char_boundary(SAMPLE_LEN)]
    } else {
        &sample
    };
    if is_english(sample) {
        return Some("en".to_owned());
    }
    let info = detect(sample).filter(whatlang::Info::is_reliable)?;
    let code = info.lang().code();
    // No rule is bound to a language without a code of rules. Returning its own code excludes the
    // rules of other languages.
    Some(from_tag(code).unwrap_or_else(|| code.to_owned()))
}

/// Returns whether a text is certainly English: at least 20 words, 2 % of them "the" and 13 % among
/// the most frequent English words, which no other language reaches. Most texts are English, and
/// comparing trigrams takes longer than cleaning.
fn is_english(text: &str) -> bool {
    let (mut words, mut the, mut common) = (0, 0, 0);
    for word in text.split_ascii_whitespace() {
        words += 1;
        the += usize::from(word == "the");
        common += usize::from(COMMON_WORDS.contains(&word));
    }
    words >= 20 && the * 100 >= words * 2 && common * 100 >= words * 13
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatlang::Lang;

    #[test]
    fn common_words_and_trigrams_both_recognize_english() {
        let english = "The council decided on Monday to close the old bridge to traffic until \
            the end of the year, and the traders of the harbour, who fear for their business, \
            said that it was the wrong time.";
        let dutch = "De gemeenteraad besloot maandag de oude brug tot het einde van het jaar \
            voor het verkeer te sluiten, terwijl de handelaren in de haven nu vrezen voor hun \
            zaak of niet, en of dat verstandig is.";
        assert!(is_english(english));
        assert_eq!(detect(english).map(|info| info.lang()), Some(Lang::Eng));
        assert!(!is_english(dutch));
    }

    #[test]
    fn prose_decides_and_not_the_notices_around_it() {
        let german = "Advertisement\nShare this article\nDer Stadtrat hat am Montag beschlossen, \
            die alte Brücke bis zum Ende des Jahres für den Verkehr zu sperren.\nDie Händler am \
            Hafen fürchten um ihr Geschäft und wollen gegen den Beschluss klagen.\nSubscribe to \
            our newsletter\n";
        assert_eq!(detect_language(german).as_deref(), Some("de"));
        let finnish = "Kaupunginvaltuusto päätti maanantaina sulkea vanhan sillan liikenteeltä \
            vuoden loppuun saakka.\n";
        assert_eq!(detect_language(finnish).as_deref(), Some("fi"));
        assert_eq!(
            detect_language("市議会は月曜日、古い橋を年末まで閉鎖することを決めた。\n").as_deref(),
            Some("ja")
        );
        assert_eq!(detect_language(""), None);
        assert_eq!(detect_language("1 2 3 4"), None);
    }
}
