//! Which language a text is in, guessed from the text itself. It is asked only where a rule that is bound to languages
//! matched.

use dechaff_rules::language::from_tag;
use whatlang::detect;

/// A guess reads so many bytes of prose.
const SAMPLE: usize = 1500;
/// Lines of at least so many bytes count as prose; shorter ones may be names, menus or notices in another language.
const PROSE: usize = 60;

/// The language of a text; none where that is not sure. Reads a bounded part of it.
pub(crate) fn detect_language(text: &str) -> Option<String> {
    let mut sample = String::new();
    for line in text
        .lines()
        .take(SAMPLE)
        .map(str::trim)
        .filter(|line| line.len() >= PROSE)
    {
        sample.push_str(&line[..line.floor_char_boundary(SAMPLE - sample.len())]);
        sample.push('\n');
        if sample.len() >= SAMPLE {
            break;
        }
    }
    let sample = if sample.is_empty() {
        &text[..text.floor_char_boundary(SAMPLE)]
    } else {
        &sample
    };
    if is_english(sample) {
        return Some("en".to_owned());
    }
    let found = detect(sample).filter(whatlang::Info::is_reliable)?;
    let code = found.lang().code();
    // No rule is bound to a language without a short code; that the text is not in another one is what counts.
    Some(from_tag(code).unwrap_or_else(|| code.to_owned()))
}

/// Whether a text is English beyond doubt, by its commonest words, which no other language shares in such numbers. Most texts
/// are, and comparing trigrams takes longer than cleaning.
fn is_english(text: &str) -> bool {
    const COMMON: &[&str] = &[
        "the", "of", "and", "to", "that", "was", "is", "for", "with", "on", "it",
    ];
    let (mut words, mut the, mut common) = (0, 0, 0);
    for word in text.split_ascii_whitespace() {
        words += 1;
        the += usize::from(word == "the");
        common += usize::from(COMMON.contains(&word));
    }
    words >= 20 && the * 100 >= words * 2 && common * 100 >= words * 13
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatlang::Lang;

    #[test]
    fn common_words_tell_english_as_trigrams_do() {
        let english = "The council decided on Monday to close the old bridge to traffic until the end of the year, and the traders of the \
            harbour, who fear for their business, said that it was the wrong time.";
        let dutch = "De gemeenteraad besloot maandag de oude brug tot het einde van het jaar voor het verkeer te sluiten, terwijl de \
            handelaren in de haven nu vrezen voor hun zaak of niet, en of dat verstandig is.";
        assert!(is_english(english));
        assert_eq!(detect(english).map(|info| info.lang()), Some(Lang::Eng));
        assert!(!is_english(dutch));
    }

    #[test]
    fn the_prose_decides_not_the_notices_around_it() {
        let german = "Advertisement\nShare this article\nDer Stadtrat hat am Montag beschlossen, die alte Brücke bis zum Ende des \
            Jahres für den Verkehr zu sperren.\nDie Händler am Hafen fürchten um ihr Geschäft und wollen gegen den Beschluss klagen.\n\
            Subscribe to our newsletter\n";
        assert_eq!(detect_language(german).as_deref(), Some("de"));
        let finnish = "Kaupunginvaltuusto päätti maanantaina sulkea vanhan sillan liikenteeltä vuoden loppuun saakka.\n";
        assert_eq!(detect_language(finnish).as_deref(), Some("fi"));
        assert_eq!(
            detect_language("市議会は月曜日、古い橋を年末まで閉鎖することを決めた。\n").as_deref(),
            Some("ja")
        );
        assert_eq!(detect_language(""), None);
        assert_eq!(detect_language("1 2 3 4"), None);
    }
}
