//! What each feature of the line model is, in words for people. A meaning is a noun phrase that
//! says what of a line or of its page is looked at, not which value speaks for what: the trees weigh
//! features together. "Line" also stands for a hard-wrapped paragraph, which is scored as one line.

/// The features with their meanings, in the order of [`NAMES`](super::features::NAMES).
pub(super) const MEANINGS: &[(&str, &str)] = &[
    ("chars", "its length in characters"),
    ("words", "its number of words"),
    ("lines", "the number of lines of its paragraph"),
    ("word_length", "the length of its words"),
    ("longest_word", "the length of its longest word"),
    ("digits", "how many of its characters are digits"),
    ("upper", "how many of its letters are capitals"),
    ("punctuation", "how much of it is punctuation"),
    (
        "spaceless",
        "how much of it is in a script without spaces, such as Chinese",
    ),
    ("capitals", "how many of its words start with a capital"),
    ("shouted", "how many of its words are all in capitals"),
    ("sentences", "its number of sentences"),
    ("commas", "its number of commas"),
    ("colons", "its number of colons"),
    ("bars", "its bars, bullets, slashes and dashes"),
    ("signs", "its signs, such as @, © and %"),
    ("quotes", "its quotation marks"),
    ("brackets", "its brackets"),
    ("links", "its web addresses"),
    (
        "starts",
        "how it starts: with a capital, a number, a bullet and so on",
    ),
    (
        "ends",
        "how it ends: with a letter, a full stop, a colon and so on",
    ),
    ("blanks_before", "the blank lines before it"),
    ("blanks_after", "the blank lines after it"),
    ("copies", "how often it stands on the page"),
    ("copies_before", "how often it stands on the page already"),
    (
        "openings",
        "how many lines of the page start with its first word",
    ),
    (
        "openings_share",
        "what share of the lines of the page starts with its first word",
    ),
    (
        "word_sum",
        "how much its words are those of chaff, all together",
    ),
    (
        "word_mean",
        "how much its words are those of chaff, on average",
    ),
    ("word_most", "the word of it that is most typical of chaff"),
    ("word_least", "the word of it that is most typical of prose"),
    ("found_certain", "how much of it certain rules match"),
    ("found_likely", "how much of it likely rules match"),
    ("found_possible", "how much of it possible rules match"),
    ("protected", "whether a keep rule matches in it"),
    (
        "cues",
        "whether it is a footer line, a heading of links, a share label or a menu label",
    ),
    (
        "is_newsroom",
        "whether a rule for newsroom lines matches in it",
    ),
    (
        "is_newsletter",
        "whether a rule for newsletters matches in it",
    ),
    ("is_paywall", "whether a rule for paywalls matches in it"),
    ("is_share", "whether a rule for share buttons matches in it"),
    (
        "is_related",
        "whether a rule for related articles matches in it",
    ),
    ("is_navigation", "whether a rule for menus matches in it"),
    ("is_advert", "whether a rule for adverts matches in it"),
    (
        "is_credit",
        "whether a rule for photo credits matches in it",
    ),
    (
        "is_copyright",
        "whether a rule for copyright notices matches in it",
    ),
    (
        "is_comments",
        "whether a rule for comment sections matches in it",
    ),
    (
        "is_byline",
        "whether a rule for bylines and authors matches in it",
    ),
    (
        "is_syndication",
        "whether a rule for syndication notes matches in it",
    ),
    (
        "is_timestamp",
        "whether a rule for dates and times matches in it",
    ),
    (
        "categories_near",
        "how many kinds of rules match in two lines on each side",
    ),
    (
        "categories_around",
        "how many kinds of rules match in six lines on each side",
    ),
    (
        "related_near",
        "whether a rule for related articles matches at most three lines away",
    ),
    (
        "navigation_near",
        "whether a rule for menus matches at most three lines away",
    ),
    (
        "credit_near",
        "whether a rule for photo credits matches in a line next to it",
    ),
    (
        "found_near",
        "how many lines rules match of it and two on each side",
    ),
    (
        "found_around",
        "how many lines rules match of it and six on each side",
    ),
    (
        "found_above",
        "how far above it the next line is that rules match",
    ),
    (
        "found_below",
        "how far below it the next line is that rules match",
    ),
    (
        "found_share",
        "what share of the lines of the page rules match",
    ),
    (
        "word_near",
        "how much the words of it and its two neighbours are those of chaff",
    ),
    (
        "word_around",
        "how much the words of it and three lines on each side are those of chaff",
    ),
    (
        "word_wide",
        "how much the words of it and eight lines on each side are those of chaff",
    ),
    (
        "word_page",
        "how much the words of the page are those of chaff",
    ),
    ("chars_near", "the length of it and its two neighbours"),
    (
        "chars_around",
        "the length of it and three lines on each side",
    ),
    (
        "chars_wide",
        "the length of it and eight lines on each side",
    ),
    (
        "alike_near",
        "how many of two lines on each side look like the next one, as in a list",
    ),
    (
        "alike_around",
        "how many of five lines on each side look like the next one, as in a list",
    ),
    (
        "run",
        "the number of short lines in the row that it is in, as in a menu",
    ),
    ("run_before", "the number of short lines in a row up to it"),
    ("run_after", "the number of short lines in a row after it"),
    (
        "run_share",
        "what share of the page is the row of short lines that it is in",
    ),
    (
        "announced",
        "whether a line with a colon announces the row of short lines that it is in",
    ),
    ("prose_above", "how far above it the next line of prose is"),
    ("prose_below", "how far below it the next line of prose is"),
    ("proses_before", "the number of lines of prose before it"),
    ("proses_after", "the number of lines of prose after it"),
    (
        "prose_share_before",
        "what share of the prose of the page is before it",
    ),
    ("index", "the number of lines before it"),
    (
        "from_end",
        "the number of lines from it to the end of the page",
    ),
    ("relative", "its place on the page, from top to bottom"),
    ("units", "the number of lines of the page"),
    ("page_words", "the number of words of the page"),
    (
        "page_prose",
        "what share of the words of the page is in prose",
    ),
    ("page_short", "what share of the lines of the page is short"),
    (
        "over_prose",
        "what share of its words occurs in the prose of the page",
    ),
    (
        "over_stems",
        "how many of its words are compared with the prose of the page",
    ),
    (
        "over_next",
        "what share of the words of the next line occurs in the prose of the page",
    ),
    (
        "over_last",
        "what share of the words of the line before occurs in the prose of the page",
    ),
    (
        "over_near",
        "what share of the words of two lines on each side occurs in the prose of the page",
    ),
    (
        "over_around",
        "what share of the words of six lines on each side occurs in the prose of the page",
    ),
    (
        "is_heading",
        "whether it looks like a heading with prose next",
    ),
    (
        "is_pair",
        "whether it is a key with a value, as in a list of properties",
    ),
    (
        "is_loose_prose",
        "whether it is a sentence of a few words, or has many words",
    ),
    (
        "page_overlap",
        "what share of the words outside of prose occurs in the prose of the page",
    ),
    (
        "page_pairs",
        "what share of the lines of the page is a key with a value",
    ),
    (
        "page_headings",
        "what share of the lines of the page is a heading with prose next",
    ),
    (
        "page_questions",
        "what share of the lines of the page is a question",
    ),
    (
        "page_others",
        "what share of the lines of the page is neither prose nor like a heading",
    ),
    (
        "page_variety",
        "how many different words the prose of the page has",
    ),
    (
        "page_prose_words",
        "the length of the paragraphs of the page",
    ),
    (
        "page_sections",
        "what share of the lines of the page starts like a section of a law",
    ),
    (
        "same_start_next",
        "whether the next line starts with the same word",
    ),
    (
        "same_start_last",
        "whether the line before starts with the same word",
    ),
    (
        "like_next",
        "whether the next line looks like it, as in a list",
    ),
    (
        "like_last",
        "whether the line before looks like it, as in a list",
    ),
    ("next_chars", "the length of the next line in characters"),
    ("next_words", "the number of words of the next line"),
    ("next_ends", "how the next line ends"),
    ("next_starts", "how the next line starts"),
    (
        "next_word",
        "how much the words of the next line are those of chaff, on average",
    ),
    (
        "next_word_sum",
        "how much the words of the next line are those of chaff, all together",
    ),
    ("next_found", "how much of the next line rules match"),
    (
        "next_capitals",
        "how many words of the next line start with a capital",
    ),
    ("last_chars", "the length of the line before in characters"),
    ("last_words", "the number of words of the line before"),
    ("last_ends", "how the line before ends"),
    ("last_starts", "how the line before starts"),
    (
        "last_word",
        "how much the words of the line before are those of chaff, on average",
    ),
    (
        "last_word_sum",
        "how much the words of the line before are those of chaff, all together",
    ),
    ("last_found", "how much of the line before rules match"),
    (
        "last_capitals",
        "how many words of the line before start with a capital",
    ),
    (
        "second_next_chars",
        "the length of the second line after it",
    ),
    ("second_next_ends", "how the second line after it ends"),
    (
        "second_next_word",
        "how much the words of the second line after it are those of chaff",
    ),
    (
        "second_next_found",
        "how much of the second line after it rules match",
    ),
    (
        "second_last_chars",
        "the length of the second line before it",
    ),
    ("second_last_ends", "how the second line before it ends"),
    (
        "second_last_word",
        "how much the words of the second line before it are those of chaff",
    ),
    (
        "second_last_found",
        "how much of the second line before it rules match",
    ),
    ("third_next_chars", "the length of the third line after it"),
    (
        "third_next_word",
        "how much the words of the third line after it are those of chaff",
    ),
    ("third_last_chars", "the length of the third line before it"),
    (
        "third_last_word",
        "how much the words of the third line before it are those of chaff",
    ),
    ("in_code", "whether it is in code"),
    ("in_table", "whether it is in a table"),
    ("in_quote", "whether it is in a block quote"),
    ("in_verse", "whether it is in verse"),
    ("in_list", "whether it is in a list"),
    ("in_definitions", "whether it is in a list of definitions"),
    ("in_questions", "whether it is among questions with answers"),
    ("in_dialogue", "whether it is in dialogue"),
    ("in_transcript", "whether it is in a transcript"),
    (
        "in_recipe",
        "whether it is among ingredients or steps of a recipe",
    ),
    ("in_timeline", "whether it is in a timeline"),
    ("in_changelog", "whether it is in a changelog"),
    ("in_specification", "whether it is in a list of properties"),
    ("in_columns", "whether it is in text set in columns"),
    (
        "structure_kinds",
        "in how many kinds of structures it is, such as lists and tables",
    ),
    (
        "structure_at",
        "its place in the list, table or other structure that it is in",
    ),
    (
        "structure_length",
        "the length of the list, table or other structure that it is in",
    ),
    (
        "structures_next",
        "in how many kinds of structures the next line is",
    ),
    (
        "structures_last",
        "in how many kinds of structures the line before is",
    ),
];

/// Returns the meaning of the feature `name`, or the name itself if the model has no such feature.
pub(super) fn meaning(name: &'static str) -> &'static str {
    MEANINGS
        .iter()
        .find(|(feature, _)| *feature == name)
        .map_or(name, |(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::features::NAMES;

    #[test]
    fn every_feature_has_a_meaning_of_its_own() {
        let features: Vec<&str> = MEANINGS.iter().map(|(feature, _)| *feature).collect();
        assert_eq!(features, NAMES);
        let mut meanings: Vec<&str> = MEANINGS.iter().map(|(_, meaning)| *meaning).collect();
        assert!(
            meanings
                .iter()
                .all(|meaning| meaning.contains(' ') && !meaning.contains('_'))
        );
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(meanings.len(), NAMES.len());
        assert_eq!(meaning("words"), "its number of words");
    }
}
