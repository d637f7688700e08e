//! Merges files of what was learned, in memory that depends on their number, not on their size.

use super::{LearnedFile, LearnedWriter, StoredHead, StoredPages, StoredSite, StoredText};
use anyhow::{Result, bail};
use dechaff_core::learn::{LearnedText, PageSketch, TextCounts};
use std::io::Write;
use std::iter::Peekable;

/// Writes the sites of all `files` to `writer`. Parts are added up as if all their documents had
/// been learned in one run; with `keeps_all`, the result is a part again. A site of which the texts
/// with few pages were dropped already must be in one file only.
///
/// # Errors
/// If a file cannot be read, such a site is in several files, or the output cannot be written.
pub fn merge_learned<W: Write>(
    files: &[LearnedFile],
    keeps_all: bool,
    writer: &mut LearnedWriter<W>,
) -> Result<()> {
    if let Some(file) = files.iter().find(|file| keeps_all && !file.is_part()) {
        bail!(
            "{} is not a part and cannot become one; learn it with --part",
            file.path().display()
        );
    }
    let mut sites: Vec<_> = files.iter().map(|file| file.iter().peekable()).collect();
    while let Some(name) = next_name(&mut sites)? {
        let mut same = Vec::new();
        for (file, sites) in files.iter().zip(&mut sites) {
            let is_same =
                |site: &Result<StoredSite>| site.as_ref().is_ok_and(|site| site.head.name == name);
            if let Some(site) = sites.next_if(is_same) {
                same.push((file, site?));
            }
        }
        merge_site(&same, keeps_all, writer)?;
    }
    Ok(())
}

/// Returns the first name of the next sites of all files, or `None` at the end.
fn next_name<I>(sites: &mut [Peekable<I>]) -> Result<Option<String>>
where
    I: Iterator<Item = Result<StoredSite>>,
{
    let mut first: Option<String> = None;
    for sites in sites {
        // An error can only be returned by value.
        if sites.peek().is_some_and(Result::is_err) {
            sites.next().transpose()?;
        }
        if let Some(Ok(site)) = sites.peek()
            && first.as_ref().is_none_or(|first| site.head.name < *first)
        {
            first = Some(site.head.name.clone());
        }
    }
    Ok(first)
}

/// Writes one site, which is in all of these files.
fn merge_site<W: Write>(
    files: &[(&LearnedFile, StoredSite)],
    keeps_all: bool,
    writer: &mut LearnedWriter<W>,
) -> Result<()> {
    let [(first, site), others @ ..] = files else {
        return Ok(());
    };
    if !first.is_part() && others.is_empty() {
        writer.begin_site(&site.head)?;
        return first
            .texts(site)
            .try_for_each(|text| writer.add_text(text?));
    }
    if let Some((file, site)) = files.iter().find(|(file, _)| !file.is_part()) {
        bail!(
            "the site {} is in {} and in another file, but its texts on single pages were dropped; \
             learn both with --part",
            site.head.name,
            file.path().display()
        );
    }
    let (mut documents, mut pages) = (0, PageSketch::default());
    for (_, site) in files {
        documents = u64::saturating_add(documents, site.head.documents);
        pages.merge(&site.head.pages.sketch());
    }
    let site_pages = pages.count();
    writer.begin_site(&StoredHead {
        name: site.head.name.clone(),
        documents,
        pages: StoredPages::new(&pages, keeps_all),
    })?;
    let mut texts: Vec<_> = files
        .iter()
        .map(|(file, site)| file.texts(site).peekable())
        .collect();
    while let Some((key, counts)) = next_text(&mut texts)? {
        if keeps_all || LearnedText::is_kept(&counts, site_pages) {
            writer.add_text(StoredText::new(key, counts, keeps_all))?;
        }
    }
    Ok(())
}

/// Returns the text with the lowest key among the next texts of all files, with its counts added
/// up; `None` at the end.
fn next_text<I>(texts: &mut [Peekable<I>]) -> Result<Option<(u64, TextCounts)>>
where
    I: Iterator<Item = Result<StoredText>>,
{
    let mut first: Option<u64> = None;
    for texts in &mut *texts {
        if texts.peek().is_some_and(Result::is_err) {
            texts.next().transpose()?;
        }
        if let Some(Ok(text)) = texts.peek() {
            first = Some(first.map_or(text.key, |first| first.min(text.key)));
        }
    }
    let Some(key) = first else {
        return Ok(None);
    };
    let mut sum = TextCounts::default();
    for texts in texts {
        let is_same = |text: &Result<StoredText>| text.as_ref().is_ok_and(|text| text.key == key);
        if let Some(text) = texts.next_if(is_same) {
            let text = text?;
            sum.merge(TextCounts {
                documents: text.documents,
                pages: text.pages.sketch(),
                head: text.head,
                body: text.body,
                tail: text.tail,
                text: text.text.into(),
            });
        }
    }
    Ok(Some((key, sum)))
}
