//! Writes a file of what was learned, site by site in the order of their names, in bounded memory.

use super::{
    END_MAGIC, FRAME_SIZE, IndexEntry, MAGIC, SITES_PER_FRAME, StoredHead, StoredPages, StoredText,
    Top, VERSION,
};
use anyhow::{Context, Result};
use dechaff_core::learn::{KEY_VERSION, LearnedText, SiteCounts};
use serde::Serialize;
use std::io::Write;

/// Level of the compression of frames of a file that is kept, and of a temporary one.
const LEVEL: i32 = 3;
const TEMPORARY_LEVEL: i32 = -5;

/// Writes sites one after the other.
pub struct LearnedWriter<W: Write> {
    output: W,
    compressor: zstd::bulk::Compressor<'static>,
    /// Bytes written so far.
    length: u64,
    /// Texts of the current site that are not written yet, and their approximate size in bytes.
    texts: Vec<StoredText>,
    pending: usize,
    /// The current site, whose length is not known yet.
    site: Option<IndexEntry>,
    /// Sites that are not in a frame of the index yet.
    index: Vec<IndexEntry>,
    /// Frames of the index, which follow the sites: the name of the first site, and the frame.
    index_frames: Vec<(String, Vec<u8>)>,
    top: Top,
}

impl<W: Write> LearnedWriter<W> {
    /// Starts a file. A part has every text, and sketches of pages instead of their numbers.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn new(output: W, is_part: bool) -> Result<Self> {
        Self::with_level(output, is_part, LEVEL)
    }

    /// Starts a part that is soon read again and deleted: it is larger, but written faster.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn temporary(output: W) -> Result<Self> {
        Self::with_level(output, true, TEMPORARY_LEVEL)
    }

    fn with_level(output: W, is_part: bool, level: i32) -> Result<Self> {
        let mut compressor = zstd::bulk::Compressor::new(level)?;
        compressor.include_checksum(true)?;
        let mut writer = Self {
            output,
            compressor,
            length: 0,
            texts: Vec::new(),
            pending: 0,
            site: None,
            index: Vec::new(),
            index_frames: Vec::new(),
            top: Top {
                is_part,
                ..Top::default()
            },
        };
        writer.append(MAGIC)?;
        writer.append(&VERSION.to_le_bytes())?;
        writer.append(&KEY_VERSION.to_le_bytes())?;
        Ok(writer)
    }

    /// Begins a site, whose name must follow that of the site before.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn begin_site(&mut self, head: &StoredHead) -> Result<()> {
        self.end_site()?;
        self.site = Some(IndexEntry {
            name: head.name.clone(),
            offset: self.length,
            length: 0,
        });
        self.top.sites += 1;
        self.top.documents = self.top.documents.saturating_add(head.documents);
        let frame = self.frame(head)?;
        self.append(&frame)
    }

    /// Writes a whole site. Unless the file is a part, texts with few pages are left out.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn add_site(&mut self, name: String, counts: SiteCounts) -> Result<()> {
        let (keeps_all, site_pages) = (self.top.is_part, counts.pages.count());
        self.begin_site(&StoredHead {
            name,
            documents: counts.documents,
            pages: StoredPages::new(&counts.pages, keeps_all),
        })?;
        let mut texts: Vec<_> = counts
            .texts
            .into_iter()
            .filter(|(_, counts)| keeps_all || LearnedText::is_kept(counts, site_pages))
            .collect();
        // The elements are large, so they are moved once.
        texts.sort_by_cached_key(|(key, _)| *key);
        texts
            .into_iter()
            .try_for_each(|(key, counts)| self.add_text(StoredText::new(key, counts, keeps_all)))
    }

    /// Adds a text to the current site. Keys must be in ascending order.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn add_text(&mut self, text: StoredText) -> Result<()> {
        self.pending += text.text.len() + 32;
        self.texts.push(text);
        self.top.texts += 1;
        if self.pending >= FRAME_SIZE {
            self.end_frame()?;
        }
        Ok(())
    }

    /// Returns the numbers of sites, documents and texts so far.
    #[must_use]
    pub fn counts(&self) -> [u64; 3] {
        [self.top.sites, self.top.documents, self.top.texts]
    }

    /// Writes the index and the end of the file, and returns the output.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.end_site()?;
        self.end_index_frame()?;
        for (name, frame) in std::mem::take(&mut self.index_frames) {
            self.top.frames.push((name, self.length));
            self.append(&frame)?;
        }
        let offset = self.length;
        let top = std::mem::take(&mut self.top);
        let frame = self.frame(&top)?;
        self.append(&frame)?;
        self.append(&offset.to_le_bytes())?;
        self.append(&(self.length + 16).to_le_bytes())?;
        self.append(END_MAGIC)?;
        self.output.flush()?;
        Ok(self.output)
    }

    /// Writes a site with any content of frames, for tests: what a sound checksum protects can
    /// still be nonsense.
    ///
    /// # Errors
    /// If the output cannot be written.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn add_frames(&mut self, name: &str, frames: &[&[u8]]) -> Result<()> {
        self.end_site()?;
        self.site = Some(IndexEntry {
            name: name.to_owned(),
            offset: self.length,
            length: 0,
        });
        for content in frames {
            let frame = self.frame_of(content)?;
            self.append(&frame)?;
        }
        Ok(())
    }

    fn end_site(&mut self) -> Result<()> {
        self.end_frame()?;
        if let Some(mut entry) = self.site.take() {
            entry.length = self.length - entry.offset;
            self.index.push(entry);
            if self.index.len() == SITES_PER_FRAME {
                self.end_index_frame()?;
            }
        }
        Ok(())
    }

    fn end_frame(&mut self) -> Result<()> {
        if !self.texts.is_empty() {
            let texts = std::mem::take(&mut self.texts);
            self.pending = 0;
            let frame = self.frame(&texts)?;
            self.append(&frame)?;
        }
        Ok(())
    }

    fn end_index_frame(&mut self) -> Result<()> {
        let entries = std::mem::take(&mut self.index);
        if let Some(first) = entries.first() {
            let frame = self.frame(&entries)?;
            self.index_frames.push((first.name.clone(), frame));
        }
        Ok(())
    }

    /// Returns a value as a frame.
    fn frame(&mut self, value: &impl Serialize) -> Result<Vec<u8>> {
        self.frame_of(&postcard::to_allocvec(value)?)
    }

    /// Returns bytes as a frame: their compressed length, and the bytes, compressed.
    fn frame_of(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let compressed = self.compressor.compress(bytes)?;
        let length = u32::try_from(compressed.len()).context("a frame is too large")?;
        Ok([&length.to_le_bytes()[..], &compressed].concat())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }
}
