//! Damaged files: none may be read as if it had other counts.

use super::{LearnedFile, LearnedWriter, StoredText, merge_learned};
use anyhow::Result;
use dechaff_core::Document;
use dechaff_core::learn::{PageTexts, SiteCounts};
use std::fs;
use std::path::Path;

/// What a file says of each site: name, documents, and texts.
type Content = Vec<(String, u64, Vec<StoredText>)>;

/// Returns a file with three sites of twelve pages.
fn learned_file(is_part: bool) -> Vec<u8> {
    let mut writer = LearnedWriter::new(Vec::new(), is_part).unwrap();
    for site in ["a.example", "b.example", "c.example"] {
        let mut counts = SiteCounts::default();
        for number in 0..12 {
            let name = "i".repeat(number + 1);
            let text = format!(
                "All letters to {site}\nThe bridge called {name} was opened on the first day of a \
                 long winter.\nNobody in the village of {name} had heard of it until then.\n\
                 Built by hand\n"
            );
            let page = PageTexts::new(&Document::new(&text).unwrap());
            counts.add(&page, &text);
        }
        writer.add_site(site.to_owned(), counts).unwrap();
    }
    writer.finish().unwrap()
}

/// Writes a file and reads all of it.
fn read(path: &Path, bytes: &[u8]) -> Result<Content> {
    fs::write(path, bytes)?;
    let file = LearnedFile::open(path)?;
    let mut content = Content::new();
    for site in file.iter() {
        let site = site?;
        let texts = file.texts(&site).collect::<Result<_>>()?;
        content.push((site.head.name, site.head.documents, texts));
    }
    Ok(content)
}

#[test]
fn a_file_is_refused_or_says_the_same_whatever_bit_is_flipped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged");
    for is_part in [false, true] {
        let whole = learned_file(is_part);
        let content = read(&path, &whole).unwrap();
        assert_eq!(content.len(), 3);
        let mut refused = 0;
        for at in 0..whole.len() {
            for bit in [0, 3, 7] {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                match read(&path, &damaged) {
                    Ok(found) => assert!(found == content, "byte {at}, bit {bit}"),
                    Err(error) => {
                        let reason = error.to_string();
                        let is_clear =
                            reason.contains("is damaged") || reason.contains("is not a file");
                        assert!(is_clear, "{error:#}");
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused * 100 > whole.len() * 3 * 95, "{refused}");
    }
}

#[test]
fn a_file_is_refused_wherever_it_is_cut_or_extended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut");
    let whole = learned_file(false);
    for length in 0..whole.len() {
        assert!(read(&path, &whole[..length]).is_err(), "{length}");
    }
    assert!(read(&path, &[&whole[..], b"x"].concat()).is_err());
    let error = read(&path, b"dechaffL").unwrap_err();
    assert!(format!("{error:#}").ends_with("is not a file that was learned: it is too short"));
}

#[test]
fn merging_fails_if_any_file_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let (sound, damaged) = (directory.path().join("a"), directory.path().join("b"));
    let whole = learned_file(true);
    fs::write(&sound, &whole).unwrap();
    for at in (16..whole.len() - 24).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let is_sound = read(&damaged, &bytes).is_ok();
        let files = [&sound, &damaged].map(|path| LearnedFile::open(path));
        let Ok(files) = files.into_iter().collect::<Result<Vec<_>>>() else {
            continue;
        };
        let mut writer = LearnedWriter::new(Vec::new(), false).unwrap();
        let merged = merge_learned(&files, false, &mut writer);
        assert_eq!(merged.is_ok(), is_sound, "byte {at}");
    }
}
