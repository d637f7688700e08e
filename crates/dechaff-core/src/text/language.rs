//! Detection of the language of a text. It is slow compared with cleaning, so it runs only for
//! documents of unknown language in which a rule that is bound to languages matched.

use dechaff_rules::language::from_tag;
use whatlang::detect;

/// Bytes of prose that are read of a text.
const SAMPLE_LEN: usize = 1500;

/// Length of the shortest line that counts as prose, in bytes. Shorter ones can be names, menus or
/// notices in another language.
const MIN_PROSE_LEN: usize = 60;

/// Fewest words by which a language is recognized without comparing trigrams.
const MIN_WORDS: usize = 20;

/// Fewest words by which German is recognized without comparing trigrams.
const MIN_GERMAN_WORDS: usize = 60;

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
    if let Some(code) = language_of_words(sample) {
        return Some(code.to_owned());
    }
    let info = detect(sample).filter(whatlang::Info::is_reliable)?;
    let code = info.lang().code();
    // No rule is bound to a language without a code of rules. Returning its own code excludes the
    // rules of other languages.
    Some(from_tag(code).unwrap_or_else(|| code.to_owned()))
}

/// Returns the language of a text that is certainly English or German, by its most frequent words:
/// no other language has them this often. Most texts are in one of the two, and comparing
/// trigrams takes longer than cleaning.
fn language_of_words(text: &str) -> Option<&'static str> {
    let (mut words, mut telling, mut english, mut german) = (0, 0, 0, 0);
    for word in text.split_ascii_whitespace() {
        words += 1;
        match word {
            "the" | "and" | "of" | "to" => (telling, english) = (telling + 1, english + 1),
            "a" | "all" | "an" | "are" | "as" | "at" | "be" | "but" | "by" | "can" | "for"
            | "from" | "has" | "have" | "he" | "his" | "i" | "in" | "is" | "it" | "more"
            | "not" | "on" | "or" | "our" | "that" | "they" | "this" | "was" | "we" | "which"
            | "will" | "with" | "you" | "your" => english += 1,
            "der" | "die" | "das" | "und" | "den" | "von" | "zu" | "mit" | "auf" | "für"
            | "ist" | "im" | "dem" | "nicht" | "des" | "ein" | "eine" | "sich" | "auch"
            | "wird" => german += 1,
            _ => {}
        }
    }
    let is_english = telling * 100 >= words * 6 && english * 100 >= words * 18;
    if words >= MIN_WORDS && is_english {
        Some("en")
    } else if words >= MIN_GERMAN_WORDS && german * 100 >= words * 12 {
        Some("de")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatlang::Lang;

    #[test]
    fn common_words_and_trigrams_recognize_the_same_language() {
        let english = "The council decided on Monday to close the old bridge to traffic until \
            the end of the year, and the traders of the harbour, who fear for their business, \
            said that it was the wrong time.";
        let dutch = "De gemeenteraad besloot maandag de oude brug tot het einde van het jaar \
            voor het verkeer te sluiten, terwijl de handelaren in de haven nu vrezen voor hun \
            zaak of niet, en of dat verstandig is.";
        let german = "Der Stadtrat beschloss am Montag, die alte Brücke bis zum Ende des Jahres für \
            den Verkehr zu sperren, und die Händler am Hafen, die um ihr Geschäft fürchten, sagten, \
            dass es der falsche Zeitpunkt sei. Auch der Kreis ist nicht mit dem Beschluss zufrieden: \
            Er wird sich an den Kosten von vier Millionen nicht beteiligen, bevor das Land ein Wort \
            dazu gesagt und eine Summe genannt hat.";
        assert_eq!(language_of_words(english), Some("en"));
        assert_eq!(detect(english).map(|info| info.lang()), Some(Lang::Eng));
        assert_eq!(language_of_words(german), Some("de"));
        assert_eq!(detect(german).map(|info| info.lang()), Some(Lang::Deu));
        assert_eq!(language_of_words(dutch), None);
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
