//! What must hold for every file of what was learned of sites: opening and reading it ends in sites
//! or in an error, and merging it with itself in a file that can be read or in an error. Cleaning
//! with it removes no line that it does not have.
//!
//! An input whose first byte is even is such a file. Otherwise the rest is the content of the
//! frames of one, with sound checksums around it: a byte with the length of the head of a site, the
//! head, and a list of texts. Bit 1 of the first byte then says whether the file is a part.

use crate::io::{LearnedFile, LearnedWriter, StoredHead, StoredPages, StoredText, merge_learned};
use crate::report::learned_lines;
use dechaff_core::learn::{Evidence, PageTexts, SiteCounts, Sites};
use dechaff_core::{Cleaner, Document, Level, Scratch};
use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

thread_local! {
    static FILE: RefCell<Option<tempfile::NamedTempFile>> = const { RefCell::new(None) };
}

/// The name of the site of all seeds.
const SITE: &str = "a.example";

/// Checks a file. See the description of the module.
pub fn check(data: &[u8]) {
    let [kind, content @ ..] = data else { return };
    if kind & 1 == 0 {
        check_file(content);
    } else if let [length, content @ ..] = content {
        let (head, texts) = content.split_at(content.len().min(usize::from(*length)));
        let mut writer = LearnedWriter::new(Vec::new(), kind & 2 != 0).expect("memory is writable");
        writer
            .add_frames(SITE, &[head, texts])
            .expect("memory is writable");
        check_file(&writer.finish().expect("memory is writable"));
    }
}

fn check_file(bytes: &[u8]) {
    FILE.with_borrow_mut(|file| {
        let file = file.get_or_insert_with(|| tempfile::NamedTempFile::new().unwrap());
        fs::write(file.path(), bytes).unwrap();
        if let Ok(learned) = LearnedFile::open(file.path()) {
            check_sites(learned);
            check_merge(&[open(file.path()), open(file.path())]);
        }
    });
}

fn open(path: &Path) -> LearnedFile {
    LearnedFile::open(path).expect("it was opened before")
}

/// Reads all sites, and cleans a text of the site of the seeds.
fn check_sites(learned: LearnedFile) {
    let evidence = Evidence::at(Level::Thorough);
    for site in learned.iter().flatten() {
        if let Ok(Some(site)) = learned.load(&site.head.name) {
            for line in learned_lines(&site, &evidence) {
                assert!(line.to_string().ends_with('\n') && line.json(SITE).is_object());
            }
        }
    }
    let texts = [page(0), "Another line\nof another page.\n".to_owned()];
    let learned = Arc::new(learned);
    let cleaner = Cleaner::builder()
        .only(["site/repeated"])
        .learned(learned.clone())
        .build()
        .expect("the options are valid");
    for text in texts {
        let document = Document::new(&text).expect("it is short").with_site(SITE);
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let site = learned.site(SITE);
        for removal in cleaned.removals() {
            let removed = Document::new(&text[removal.span.range()]).expect("it is short");
            for text in PageTexts::new(&removed).texts() {
                let known = site.as_ref().and_then(|site| site.text(text.key));
                assert!(known.is_some_and(|known| known.pages >= 2));
            }
        }
    }
}

/// Merges files, and reads the result.
fn check_merge(files: &[LearnedFile]) {
    for keeps_all in [false, true] {
        let mut writer = LearnedWriter::new(Vec::new(), keeps_all).expect("memory is writable");
        if merge_learned(files, keeps_all, &mut writer).is_err() {
            continue;
        }
        let merged = writer.finish().expect("memory is writable");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), merged).unwrap();
        for site in open(file.path()).iter() {
            let site = site.expect("it was written");
            let count = open(file.path()).texts(&site).map(Result::unwrap).count();
            assert!(count <= merged_texts(files));
        }
    }
}

/// Returns an upper bound of the texts of one site.
fn merged_texts(files: &[LearnedFile]) -> usize {
    let sites = files.iter().flat_map(|file| {
        file.iter()
            .flatten()
            .map(|site| file.texts(&site).flatten().count())
    });
    sites.sum()
}

/// Returns the text of a page, which has a line that no other page has.
fn page(number: usize) -> String {
    let name = "i".repeat(number + 1);
    format!(
        "All our letters\nThe bridge called {name} was opened on the first day of a long winter.\n\
         Nobody in the village of {name} had heard of it until then, or so they said.\nBuilt by \
         hand\nSince 1872\n"
    )
}

/// Returns a file and a part, whole, cut and with damage, and the content of their frames.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for is_part in [false, true] {
        let mut counts = SiteCounts::default();
        for number in 0..9 {
            let text = page(number);
            let page = PageTexts::new(&Document::new(&text).expect("it is short"));
            counts.add(&page, &text);
        }
        let head = StoredHead {
            name: SITE.to_owned(),
            documents: counts.documents,
            pages: StoredPages::new(&counts.pages, is_part),
        };
        let texts: Vec<StoredText> = counts
            .texts
            .iter()
            .map(|(key, counts)| StoredText::new(*key, counts.clone(), is_part))
            .collect();
        let head = postcard::to_allocvec(&head).expect("it can be written");
        let texts = postcard::to_allocvec(&texts).expect("it can be written");
        let kind = 1 | u8::from(is_part) << 1;
        seeds.push([&[kind, head.len() as u8], &head[..], &texts].concat());
        seeds.push(
            [
                &[kind, head.len() as u8],
                &head[..],
                &texts[..texts.len() / 2],
            ]
            .concat(),
        );
        let mut writer = LearnedWriter::new(Vec::new(), is_part).expect("memory is writable");
        writer
            .add_site(SITE.to_owned(), counts)
            .expect("memory is writable");
        let file = writer.finish().expect("memory is writable");
        for length in [file.len(), file.len() - 1, 40] {
            seeds.push([&[0], &file[..length]].concat());
        }
    }
    seeds
}
