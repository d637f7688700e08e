//! Reads files of what was learned: one site at a time, or all of them in order.

use super::{
    END_MAGIC, FOOTER_LEN, HEADER_LEN, IndexEntry, MAGIC, MAX_FRAME, StoredHead, StoredText, Top,
    VERSION,
};
use crate::io::fs::File;
use anyhow::{Context, Result, bail, ensure};
use dechaff_core::learn::{KEY_VERSION, LearnedSite, LearnedText, Sites};
use rustc_hash::{FxHashMap, FxHasher};
use serde::de::DeserializeOwned;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

/// Sites that are kept in memory. Once there are more, all are dropped.
const MAX_SITES: usize = 4096;

/// An open file of what was learned. Its sites are read when they are first needed.
#[derive(Debug)]
pub struct LearnedFile {
    path: PathBuf,
    file: File,
    /// Length in bytes.
    length: u64,
    top: Top,
    /// Sites that were looked up, `None` if the file does not have them.
    sites: Mutex<FxHashMap<String, Option<Arc<LearnedSite>>>>,
    /// Why a site could not be read: the first time that happened.
    error: Mutex<Option<String>>,
    /// Shared by all readers, since it is slow to make.
    decompressor: Mutex<FrameDecompressor>,
}

/// A decompressor.
struct FrameDecompressor(Decompressor<'static>);

impl fmt::Debug for FrameDecompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrameDecompressor")
    }
}

/// The head of a site, and where its texts are.
#[derive(Clone, Debug)]
pub struct StoredSite {
    /// What is known of the site as a whole.
    pub head: StoredHead,
    /// Where the frames of its texts are.
    texts: Range<u64>,
}

impl LearnedFile {
    /// Opens the file at `path`. Only its ends are read.
    ///
    /// # Errors
    /// If it is not a complete file of this version.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::new(file, path)
    }

    /// Reads the ends of an open file, which errors call `path`.
    ///
    /// # Errors
    /// If it is not a complete file of this version.
    pub fn new(file: File, path: &Path) -> Result<Self> {
        let mut decompressor = Decompressor::new()?;
        let (top, length) = read_top(&file, &mut decompressor)
            .with_context(|| format!("{} is not a file that was learned", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length,
            top,
            sites: Mutex::default(),
            error: Mutex::default(),
            decompressor: Mutex::new(FrameDecompressor(decompressor)),
        })
    }

    /// Opens the file once more, for a use of its own.
    ///
    /// # Errors
    /// If the process has too many open files.
    pub fn reopen(&self) -> Result<Self> {
        let file = self.file.try_clone();
        let file = file.with_context(|| format!("cannot open {} again", self.path.display()))?;
        Self::new(file, &self.path)
    }

    /// Returns the path that errors name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the file is a part, which has every text and can be merged with others.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.top.is_part
    }

    /// Returns the numbers of sites, documents and texts.
    #[must_use]
    pub fn counts(&self) -> [u64; 3] {
        [self.top.sites, self.top.documents, self.top.texts]
    }

    /// Returns a hash of the length and of the top of the index. Files with other sites, or with
    /// other numbers of documents or texts, have another one.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        (
            self.length,
            self.top.is_part,
            self.counts(),
            &self.top.frames,
        )
            .hash(&mut hasher);
        hasher.finish()
    }

    /// Writes the bytes of the file to `output`.
    ///
    /// # Errors
    /// If the file became shorter, or one of the two cannot be read or written.
    pub fn copy_to(&self, output: &mut impl Write) -> Result<()> {
        let (file, offset) = (&self.file, 0);
        let copied = io::copy(&mut FileAt { file, offset }.take(self.length), output)?;
        ensure!(
            copied == self.length,
            "{} became shorter; learn it again",
            self.path.display()
        );
        Ok(())
    }

    /// Reads the site called `name`; `None` if the file does not have it.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn find(&self, name: &str) -> Result<Option<StoredSite>> {
        let frames = &self.top.frames;
        let after = frames.partition_point(|(first, _)| first.as_str() <= name);
        let Some((_, offset)) = after.checked_sub(1).map(|at| &frames[at]) else {
            return Ok(None);
        };
        let (entries, _): (Vec<IndexEntry>, _) = self.frame(*offset)?;
        match entries.binary_search_by(|entry| entry.name.as_str().cmp(name)) {
            Ok(at) => self.open_site(&entries[at]).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Iterates over all sites in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = Result<StoredSite>> + '_ {
        let frames = self.top.frames.iter().flat_map(|(_, offset)| {
            let (entries, failed) = match self.frame::<Vec<IndexEntry>>(*offset) {
                Ok((entries, _)) => (entries, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            entries.into_iter().map(Ok).chain(failed)
        });
        frames.map(|entry| self.open_site(&entry?))
    }

    /// Iterates over the texts of a site, in the order of their keys. One frame is in memory.
    pub fn texts<'f>(&'f self, site: &StoredSite) -> impl Iterator<Item = Result<StoredText>> + 'f {
        let Range { mut start, end } = site.texts.clone();
        let frames = std::iter::from_fn(move || {
            if start >= end {
                return None;
            }
            let frame = self.frame::<Vec<StoredText>>(start);
            start = frame.as_ref().map_or(end, |(_, next)| *next);
            Some(frame.map(|(texts, _)| texts))
        });
        frames.flat_map(|frame| {
            let (texts, failed) = match frame {
                Ok(texts) => (texts, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            texts.into_iter().map(Ok).chain(failed)
        })
    }

    /// Reads what was learned of the site called `name`.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn load(&self, name: &str) -> Result<Option<LearnedSite>> {
        let Some(site) = self.find(name)? else {
            return Ok(None);
        };
        let texts: Vec<_> = self
            .texts(&site)
            .map(|text| text.map(|text| (text.key, learned(text))))
            .collect::<Result<_>>()?;
        Ok(Some(LearnedSite::new(site.head.pages.count(), texts)))
    }

    fn open_site(&self, entry: &IndexEntry) -> Result<StoredSite> {
        let (head, start): (StoredHead, _) = self.frame(entry.offset)?;
        ensure!(
            head.name == entry.name,
            "{} is damaged; learn it again",
            self.path.display()
        );
        Ok(StoredSite {
            head,
            texts: start..entry.offset.saturating_add(entry.length),
        })
    }

    /// Reads the frame at `offset`, and returns its value and the offset behind it.
    fn frame<T: DeserializeOwned>(&self, offset: u64) -> Result<(T, u64)> {
        let decompressor = self.decompressor.lock();
        let mut decompressor = decompressor.unwrap_or_else(PoisonError::into_inner);
        read_frame(&self.file, offset, &mut decompressor.0)
            .with_context(|| format!("{} is damaged; learn it again", self.path.display()))
    }
}

impl Sites for LearnedFile {
    fn site(&self, name: &str) -> Option<Arc<LearnedSite>> {
        let known = |sites: &FxHashMap<String, Option<Arc<LearnedSite>>>| sites.get(name).cloned();
        if let Some(site) = known(&self.sites.lock().unwrap_or_else(PoisonError::into_inner)) {
            return site;
        }
        match self.load(name) {
            Ok(site) => {
                let site = site.map(Arc::new);
                let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
                if sites.len() >= MAX_SITES {
                    sites.clear();
                }
                sites.insert(name.to_owned(), site.clone());
                site
            }
            Err(failed) => {
                let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
                error.get_or_insert(format!("{failed:#}"));
                None
            }
        }
    }

    fn error(&self) -> Option<String> {
        self.error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Returns a stored text in the form in which it is looked up.
fn learned(text: StoredText) -> LearnedText {
    LearnedText {
        documents: text.documents,
        pages: text.pages.count(),
        head: text.head,
        body: text.body,
        tail: text.tail,
        text: text.text.into(),
    }
}

/// A file from an offset on. It has a position of its own, so that a file can be read by several
/// threads, and by processes that inherited it.
struct FileAt<'f> {
    file: &'f File,
    offset: u64,
}

impl Read for FileAt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// Checks the header and the footer of a file and reads the top of its index. Returns it with the
/// length of the file in bytes.
fn read_top(file: &File, decompressor: &mut Decompressor<'_>) -> Result<(Top, u64)> {
    let mut header = [0; HEADER_LEN];
    let mut footer = [0; FOOTER_LEN];
    let end = file.metadata()?.len();
    ensure!(end >= (HEADER_LEN + FOOTER_LEN) as u64, "it is too short");
    FileAt { file, offset: 0 }.read_exact(&mut header)?;
    ensure!(header.starts_with(MAGIC), "it begins with other bytes");
    let (version, keys) = (number(&header[8..12]), number(&header[12..16]));
    if version != u64::from(VERSION) || keys != u64::from(KEY_VERSION) {
        bail!(
            "it has version {version}.{keys}, and this dechaff reads version {VERSION}.{KEY_VERSION}"
        );
    }
    let offset = end - FOOTER_LEN as u64;
    FileAt { file, offset }.read_exact(&mut footer)?;
    ensure!(
        footer.ends_with(END_MAGIC) && number(&footer[8..16]) == end,
        "it is incomplete"
    );
    Ok((read_frame(file, number(&footer[..8]), decompressor)?.0, end))
}

fn read_frame<T: DeserializeOwned>(
    file: &File,
    offset: u64,
    decompressor: &mut Decompressor<'_>,
) -> Result<(T, u64)> {
    let mut input = FileAt { file, offset };
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = number(&length);
    let mut compressed = Vec::new();
    input.take(length).read_to_end(&mut compressed)?;
    ensure!(compressed.len() as u64 == length, "a frame is incomplete");
    let size = get_frame_content_size(&compressed).ok().flatten();
    let size = size.filter(|&size| size <= MAX_FRAME as u64);
    let size = size.context("a frame has no size")? as usize;
    let bytes = decompressor.decompress(&compressed, size)?;
    Ok((postcard::from_bytes(&bytes)?, offset + 4 + length))
}

/// Returns the little-endian number of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}
