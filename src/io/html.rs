//! The text of HTML, and the bytes of the HTML that encode it. Spans that are removed from the text
//! can then be cut out of the HTML, and every other byte stays: tags, attributes, comments, scripts.
//!
//! The text has a line for each block, as a browser shows it: white space is collapsed, and character
//! references are decoded. An element of which no text is left is cut with its tags:
//!
//! ```text
//! HTML  <p>It&nbsp;rained.</p> <p class="s"><b>Share</b> this</p>
//! text  It rained.⏎Share this
//! cut                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^   for line 2
//! ```

use html5gum::{DefaultEmitter, EndTag, StartTag, Token, Tokenizer};
use std::ops::Range;

/// Elements that begin and end a line.
const BLOCKS: &[&[u8]] = &[
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"caption",
    b"dd",
    b"details",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"header",
    b"hr",
    b"html",
    b"legend",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"option",
    b"p",
    b"pre",
    b"section",
    b"summary",
    b"table",
    b"tbody",
    b"tfoot",
    b"thead",
    b"tr",
    b"ul",
];
/// Elements without an end tag.
const VOID: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr",
];
/// Elements whose content is not cleaned: code, and what is no text.
const OPAQUE: &[&[u8]] = &[
    b"audio",
    b"canvas",
    b"code",
    b"head",
    b"iframe",
    b"math",
    b"noscript",
    b"object",
    b"pre",
    b"script",
    b"select",
    b"style",
    b"svg",
    b"template",
    b"textarea",
    b"title",
    b"video",
];
/// Elements that stay when they are empty, because others depend on them.
const STRUCTURE: &[&[u8]] = &[
    b"body",
    b"caption",
    b"colgroup",
    b"html",
    b"tbody",
    b"td",
    b"tfoot",
    b"th",
    b"thead",
    b"tr",
];

/// Number of open elements up to which elements are cut. HTML that is nested deeper is hostile or
/// damaged, and would take long.
const MAX_DEPTH: usize = 256;

/// The text of some HTML.
#[derive(Debug, Default)]
pub struct HtmlText {
    text: String,
    /// What encodes the text, in its order.
    segments: Vec<Segment>,
    /// Elements that can be cut, those within others before them.
    elements: Vec<Element>,
}

/// A part of the text, and the bytes of the HTML that encode it.
#[derive(Debug)]
struct Segment {
    text: Range<usize>,
    source: Range<usize>,
    /// Whether both have the same bytes. Otherwise the segment is white space, a line end that no
    /// byte encodes, or a character reference, and cannot be divided.
    is_literal: bool,
}

/// An element with its tags.
#[derive(Debug)]
struct Element {
    text: Range<usize>,
    source: Range<usize>,
}

/// A range of the HTML that is cut for the removal with this index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlCut {
    pub removal: usize,
    pub source: Range<usize>,
}

impl HtmlText {
    /// Reads `html`, a document or a fragment. Damaged HTML is read as browsers read it, apart from
    /// end tags that are missing: the elements are never cut. Scripts are not run.
    #[must_use]
    pub fn new(html: &str) -> Self {
        let mut emitter = DefaultEmitter::new_with_span();
        emitter.naively_switch_states(true);
        let mut reader = HtmlReader {
            html,
            found: Self::default(),
            separator: None,
            open: Vec::new(),
            opaque: None,
            is_too_deep: false,
        };
        for token in Tokenizer::new_with_emitter(html, emitter) {
            match token {
                Ok(Token::StartTag(tag)) => reader.start(&tag),
                Ok(Token::EndTag(tag)) => reader.end(&tag),
                Ok(Token::String(text)) => reader.text(text.span.start..text.span.end),
                _ => {}
            }
        }
        reader.found
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what is cut out of the HTML if `removed`, byte ranges of the text that are sorted and
    /// disjoint, are removed: the bytes that encode them, and elements that hold nothing else. The
    /// cuts are sorted and disjoint.
    #[must_use]
    pub fn cuts(&self, removed: &[Range<usize>]) -> Vec<HtmlCut> {
        let texts = self.text_cuts(removed);
        if texts.is_empty() {
            return texts;
        }
        let mut cuts = Vec::new();
        let mut rest = texts.as_slice();
        for element in self.emptied(removed) {
            let before = rest.partition_point(|cut| cut.source.end <= element.start);
            cuts.extend_from_slice(&rest[..before]);
            rest = &rest[before..];
            let inside = rest.partition_point(|cut| cut.source.start < element.end);
            divide(&element, &rest[..inside], &mut cuts);
            rest = &rest[inside..];
        }
        cuts.extend_from_slice(rest);
        cuts
    }

    /// Returns the bytes that encode each of `removed`.
    fn text_cuts(&self, removed: &[Range<usize>]) -> Vec<HtmlCut> {
        let mut cuts: Vec<HtmlCut> = Vec::new();
        for (removal, span) in removed.iter().enumerate() {
            let first = self
                .segments
                .partition_point(|segment| segment.text.end <= span.start);
            for segment in &self.segments[first..] {
                if segment.text.start >= span.end {
                    break;
                }
                let source = segment.within(span);
                match cuts.last_mut() {
                    Some(last) if last.removal == removal && last.source.end == source.start => {
                        last.source.end = source.end;
                    }
                    _ if source.is_empty() => {}
                    _ => cuts.push(HtmlCut { removal, source }),
                }
            }
        }
        cuts
    }

    /// Returns the outermost elements that have text, but none that is kept, in their order.
    fn emptied(&self, removed: &[Range<usize>]) -> Vec<Range<usize>> {
        // How many bytes before each offset are no white space, and how many of these are kept.
        let mut counts = vec![(0_u32, 0_u32)];
        let mut removed = removed.iter().peekable();
        let (mut all, mut kept) = (0, 0);
        for (at, byte) in self.text.bytes().enumerate() {
            while removed.next_if(|span| span.end <= at).is_some() {}
            let is_kept = removed.peek().is_none_or(|span| at < span.start);
            all += u32::from(!byte.is_ascii_whitespace());
            kept += u32::from(!byte.is_ascii_whitespace() && is_kept);
            counts.push((all, kept));
        }
        let mut emptied: Vec<Range<usize>> = Vec::new();
        for element in &self.elements {
            let (start, end) = (counts[element.text.start], counts[element.text.end]);
            if start.0 < end.0 && start.1 == end.1 {
                // Elements within this one came before it.
                while emptied
                    .pop_if(|inner| inner.start > element.source.start)
                    .is_some()
                {}
                emptied.push(element.source.clone());
            }
        }
        emptied
    }
}

impl Segment {
    /// Returns the bytes that encode the part of the segment in `span`, a range of the text.
    fn within(&self, span: &Range<usize>) -> Range<usize> {
        let (start, end) = (span.start.max(self.text.start), span.end.min(self.text.end));
        let (from, to) = (start - self.text.start, end - self.text.start);
        if self.is_literal {
            self.source.start + from..self.source.start + to
        } else if (start, end) == (self.text.start, self.text.end) {
            self.source.clone()
        } else {
            self.source.start..self.source.start
        }
    }
}

/// Divides an element that is cut among the removals that emptied it, so that each byte belongs to
/// one of them. `inside` are the cuts of its texts.
fn divide(element: &Range<usize>, inside: &[HtmlCut], cuts: &mut Vec<HtmlCut>) {
    let mut start = element.start;
    for group in inside.chunk_by(|a, b| a.removal == b.removal) {
        let next = inside.iter().find(|cut| cut.removal > group[0].removal);
        let end = next.map_or(element.end, |cut| cut.source.start);
        cuts.push(HtmlCut {
            removal: group[0].removal,
            source: start..end,
        });
        start = end;
    }
}

/// An element whose end tag has not been read.
struct OpenElement {
    name: Vec<u8>,
    text_start: usize,
    source_start: usize,
    /// Whether it has content besides text, or must stay for another reason.
    stays: bool,
}

/// White space that will stand before the next text.
#[derive(Clone, Debug)]
struct Separator {
    character: char,
    source: Range<usize>,
}

/// Collects the text of HTML token by token.
struct HtmlReader<'h> {
    html: &'h str,
    found: HtmlText,
    separator: Option<Separator>,
    open: Vec<OpenElement>,
    /// The name of the element that is not cleaned, and how many of this name are open.
    opaque: Option<(Vec<u8>, usize)>,
    /// Whether elements were nested too deeply.
    is_too_deep: bool,
}

impl HtmlReader<'_> {
    fn start(&mut self, tag: &StartTag<usize>) {
        let name = tag.name.as_slice();
        self.begin_block(name, tag.span.start);
        if VOID.contains(&name) {
            let is_content = !matches!(name, b"br" | b"wbr");
            if let Some(parent) = self.open.last_mut() {
                parent.stays |= is_content;
            }
            return;
        }
        match &mut self.opaque {
            Some((opaque, count)) => *count += usize::from(opaque == name),
            None if OPAQUE.contains(&name) => self.opaque = Some((name.to_owned(), 1)),
            None => {}
        }
        self.is_too_deep |= self.open.len() >= MAX_DEPTH;
        if self.is_too_deep {
            return;
        }
        self.open.push(OpenElement {
            name: name.to_owned(),
            text_start: self.found.text.len(),
            source_start: tag.span.start,
            stays: OPAQUE.contains(&name) || STRUCTURE.contains(&name),
        });
    }

    fn end(&mut self, tag: &EndTag<usize>) {
        let name = tag.name.as_slice();
        if let Some((opaque, count)) = &mut self.opaque
            && opaque == name
        {
            *count -= 1;
            if *count == 0 {
                self.opaque = None;
            }
        }
        if self.is_too_deep {
            return self.begin_block(name, tag.span.end);
        }
        let Some(depth) = self.open.iter().rposition(|open| open.name == name) else {
            return;
        };
        // Elements without an end tag stay, but do not keep the one that they are in.
        let has_content = self.open[depth + 1..].iter().any(is_content);
        self.open.truncate(depth + 1);
        let Some(element) = self.open.pop() else {
            return;
        };
        let stays = element.stays || has_content;
        if !stays {
            self.found.elements.push(Element {
                text: element.text_start..self.found.text.len(),
                source: element.source_start..tag.span.end,
            });
        }
        if let Some(parent) = self.open.last_mut() {
            parent.stays |= stays && (has_content || is_content(&element));
        }
        self.begin_block(name, tag.span.end);
    }

    /// Notes that a tag at byte `at` separates what stands on its two sides.
    fn begin_block(&mut self, name: &[u8], at: usize) {
        let character = match name {
            b"br" => '\n',
            b"td" | b"th" => '\t',
            _ if BLOCKS.contains(&name) => '\n',
            _ => return,
        };
        self.separate(character, at..at);
    }

    /// Notes that white space stands before the next text. A line end is stronger than a tab, and
    /// that is stronger than a space.
    fn separate(&mut self, character: char, source: Range<usize>) {
        let is_stronger = self
            .separator
            .as_ref()
            .is_none_or(|separator| strength(character) > strength(separator.character));
        if is_stronger && !self.found.text.is_empty() {
            self.separator = Some(Separator { character, source });
        }
    }

    /// Adds the text in `source`, unless it is in an element that is not cleaned.
    fn text(&mut self, source: Range<usize>) {
        if self.opaque.is_some() {
            return;
        }
        let html = self.html;
        let mut at = source.start;
        while at < source.end {
            let rest = &html[at..source.end];
            let len = match rest.as_bytes()[0] {
                byte if byte.is_ascii_whitespace() => {
                    let len = rest.len() - rest.trim_ascii_start().len();
                    self.separate(' ', at..at + len);
                    len
                }
                b'&' => {
                    let len = reference_len(rest);
                    let decoded = decode_reference(&rest[..len]);
                    self.push(&decoded, at..at + len, decoded == rest[..len]);
                    len
                }
                _ => {
                    let end = rest.find(|c: char| c == '&' || c.is_ascii_whitespace());
                    let len = end.unwrap_or(rest.len());
                    self.push(&rest[..len], at..at + len, true);
                    len
                }
            };
            at += len;
        }
    }

    /// Adds `text`, which the bytes in `source` encode.
    fn push(&mut self, text: &str, source: Range<usize>, is_literal: bool) {
        if let Some(Separator { character, source }) = self.separator.take() {
            self.push_segment(character.encode_utf8(&mut [0; 4]), source, false);
        }
        self.push_segment(text, source, is_literal);
    }

    fn push_segment(&mut self, text: &str, source: Range<usize>, is_literal: bool) {
        let start = self.found.text.len();
        self.found.text.push_str(text);
        let segment = Segment {
            text: start..self.found.text.len(),
            source,
            is_literal,
        };
        self.found.segments.push(segment);
    }
}

/// Returns how strongly white space separates: a line end more than a tab, and that more than a
/// space.
fn strength(separator: char) -> usize {
    match separator {
        '\n' => 2,
        '\t' => 1,
        _ => 0,
    }
}

/// Whether an element has content besides text.
fn is_content(open: &OpenElement) -> bool {
    open.stays && !STRUCTURE.contains(&open.name.as_slice())
}

/// Returns the length of what can be a character reference at the start of `text`.
fn reference_len(text: &str) -> usize {
    let end = text[1..]
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
        .map_or(text.len(), |at| at + 1);
    end + usize::from(text[end..].starts_with(';'))
}

/// Decodes a text that begins with a character reference, if it does.
fn decode_reference(reference: &str) -> String {
    Tokenizer::new(reference)
        .filter_map(|token| match token {
            Ok(Token::String(text)) => String::from_utf8(text.value.to_vec()).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removes the lines of the text of `html` that contain `chaff`, and returns the HTML that is
    /// left.
    fn without(html: &str, chaff: &str) -> String {
        let text = HtmlText::new(html);
        let mut at = 0;
        let mut removed = Vec::new();
        for line in text.as_str().split_inclusive('\n') {
            if line.contains(chaff) {
                removed.push(at..at + line.len());
            }
            at += line.len();
        }
        let (mut rest, mut at) = (String::new(), 0);
        for cut in text.cuts(&removed) {
            rest.push_str(&html[at..cut.source.start]);
            at = cut.source.end;
        }
        rest + &html[at..]
    }

    #[test]
    fn a_line_of_the_text_is_a_block() {
        for (html, text) in [
            (
                "<p>It\n  rained <b>a&nbsp;lot</b>.</p>\n<p>Caf&eacute; &amp bar",
                "It rained a\u{a0}lot.\nCafé & bar",
            ),
            (
                "a<br>b<!-- c --><script>d</script> <pre>e</pre>f",
                "a\nb\nf",
            ),
            ("<table><tr><td>a<td>b</tr><tr><td>c</table>", "a\tb\nc"),
            ("1 < 2 &unknown; &", "1 < 2 &unknown; &"),
        ] {
            assert_eq!(HtmlText::new(html).as_str(), text, "{html}");
        }
    }

    #[test]
    fn emptied_elements_go_and_every_other_byte_stays() {
        for (html, rest) in [
            (
                "<p>It rained.</p> <p class=\"s\"><b>Ad</b>&nbsp;x</p>\n",
                "<p>It rained.</p> \n",
            ),
            ("<ul>\n<li>Ad 1</li>\n<li>Ad 2</li>\n</ul><p>b", "<p>b"),
            ("<ul><li>Ad</li><li>b</li></ul>", "<ul><li>b</li></ul>"),
            // What an element holds besides text keeps it.
            (
                "<div>Ad <img src=a></div><p>b</p>",
                "<div> <img src=a></div><p>b</p>",
            ),
            (
                "<div>Ad<script>x</script></div>b",
                "<div><script>x</script></div>b",
            ),
            // So does a table, and a missing end tag.
            (
                "<table><tr><td>Ad</td></tr><tr><td>b</td></tr></table>",
                "<table><tr><td></td></tr><tr><td>b</td></tr></table>",
            ),
            ("<table><tr><td>Ad</td></tr></table><p>b", "<p>b"),
            ("<p>Ad<p>b", "<p><p>b"),
            ("a<br>Ad &lt;x&gt;<br>b", "a<br><br>b"),
            (
                "<svg><svg></svg>Ad</svg><p>Ad</p>b",
                "<svg><svg></svg>Ad</svg>b",
            ),
        ] {
            assert_eq!(without(html, "Ad"), rest, "{html}");
        }
    }

    #[test]
    fn text_in_many_nested_elements_is_found() {
        let html = format!(
            "{}Ad<br>b{}",
            "<div>".repeat(50_000),
            "</div>".repeat(50_000)
        );
        assert_eq!(HtmlText::new(&html).as_str(), "Ad\nb");
        assert_eq!(without(&html, "Ad"), html.replace("Ad", ""));
    }

    #[test]
    fn each_byte_that_is_cut_belongs_to_one_removal() {
        let html = "<ul><li>One</li> <li>Two</li></ul>";
        let cuts = HtmlText::new(html).cuts(&[0..4, 4..7]);
        let parts: Vec<(usize, &str)> = cuts
            .iter()
            .map(|cut| (cut.removal, &html[cut.source.clone()]))
            .collect();
        assert_eq!(parts, [(0, "<ul><li>One</li> <li>"), (1, "Two</li></ul>")]);
    }

    #[test]
    fn what_is_left_has_the_text_that_is_left() {
        let pieces = [
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<div>",
            "</div>",
            "<br>",
            "<td>",
            "</td>",
            "&amp;",
            "&",
            "Caf\u{e9} ",
            " \n",
            "Ad",
            "x<y",
            "<img>",
            "<!--c-->",
            "<li>",
            "</ul>",
            "<ul>",
            ";",
        ];
        let mut number = 1_u64;
        for _ in 0..20_000 {
            let mut html = String::new();
            for _ in 0..12 {
                number = number
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695);
                html += pieces[(number >> 33) as usize % pieces.len()];
            }
            let text = HtmlText::new(&html);
            let kept: String = text
                .as_str()
                .split_inclusive('\n')
                .filter(|line| !line.contains("Ad"))
                .collect();
            let rest = HtmlText::new(&without(&html, "Ad"));
            let words = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(words(rest.as_str()), words(&kept), "{html}");
        }
    }
}
