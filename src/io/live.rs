//! Reading of a live stream, whose next bytes may come at any time or never.
//!
//! A read waits until bytes come. Once nobody wants the bytes any more, because the output was
//! closed, that wait has to end, and a blocked read of standard input cannot be ended. So the
//! stream is read on a thread of its own, which may wait for ever, and [`LiveReader`] waits for that
//! thread or for [`Cancel`].

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes that are read at once, if there are as many.
const CHUNK: usize = 64 << 10;

/// Some bytes of a stream; none at its end.
type Chunk = io::Result<Vec<u8>>;

/// Reads a live stream. Each read returns what there is, and waits only if there is nothing.
pub struct LiveReader {
    chunks: Receiver<Chunk>,
    /// Bytes that were received, and how many of them were returned.
    received: (Vec<u8>, usize),
    at_eof: bool,
    is_cancelled: Arc<AtomicBool>,
}

/// Ends the wait of a [`LiveReader`].
#[derive(Clone, Debug)]
pub struct Cancel {
    wake: SyncSender<Chunk>,
    is_cancelled: Arc<AtomicBool>,
}

impl LiveReader {
    /// Begins to read `reader`, on a thread that ends with the stream, or with the process.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn new(reader: impl Read + Send + 'static) -> io::Result<(Self, Cancel)> {
        let (sender, chunks) = sync_channel(1);
        let cancel = Cancel {
            wake: sender.clone(),
            is_cancelled: Arc::default(),
        };
        let live = Self {
            chunks,
            received: (Vec::new(), 0),
            at_eof: false,
            is_cancelled: Arc::clone(&cancel.is_cancelled),
        };
        thread::Builder::new().spawn(move || send_chunks(reader, &sender))?;
        Ok((live, cancel))
    }
}

/// Sends what `reader` returns, up to its end or its first error, or until nobody receives it.
fn send_chunks(mut reader: impl Read, sender: &SyncSender<Chunk>) {
    loop {
        let mut bytes = vec![0; CHUNK];
        let chunk = match reader.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(read) => {
                bytes.truncate(read);
                Ok(bytes)
            }
            Err(error) => Err(error),
        };
        let is_last = chunk.as_ref().map_or(true, Vec::is_empty);
        if sender.send(chunk).is_err() || is_last {
            return;
        }
    }
}

impl Read for LiveReader {
    /// Reads as described at [`LiveReader`]. Fails once [`Cancel::cancel`] was called.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes, returned) = &mut self.received;
        if *returned == bytes.len() && !self.at_eof {
            let chunk = self.chunks.recv();
            // If the channel was full, nothing but the flag says that the wait is over.
            if self.is_cancelled.load(Ordering::SeqCst) {
                return Err(io::Error::other("is not read any more"));
            }
            (*bytes, *returned) = (chunk.unwrap_or_else(|_| Ok(Vec::new()))?, 0);
            self.at_eof = bytes.is_empty();
        }
        let read = (&bytes[*returned..]).read(buffer)?;
        *returned += read;
        Ok(read)
    }
}

impl Cancel {
    /// Makes the current read fail, if there is one, and all later ones.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
        let _ = self.wake.try_send(Ok(Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Returns the chunks that its channel receives.
    struct Chunks(Receiver<&'static str>);

    impl Read for Chunks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.recv().unwrap_or_default().as_bytes().read(buffer)
        }
    }

    #[test]
    fn a_read_returns_what_there_is() {
        let (sender, chunks) = channel();
        let (mut live, _cancel) = LiveReader::new(Chunks(chunks)).unwrap();
        let mut buffer = [0; 4];
        sender.send("It ra").unwrap();
        assert_eq!((live.read(&mut buffer).unwrap(), &buffer), (4, b"It r"));
        assert_eq!((live.read(&mut buffer).unwrap(), buffer[0]), (1, b'a'));
        sender.send("in").unwrap();
        drop(sender);
        let mut rest = String::new();
        live.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "in");
        assert_eq!(live.read(&mut buffer).unwrap(), 0);
    }

    #[test]
    fn a_cancelled_read_ends() {
        let (sender, chunks) = channel();
        let (mut live, cancel) = LiveReader::new(Chunks(chunks)).unwrap();
        let waiting = thread::spawn(move || live.read(&mut [0; 4]));
        cancel.cancel();
        assert!(waiting.join().unwrap().is_err());
        // What comes now is not read, although it is there.
        let (mut live, cancel) = LiveReader::new(&b"It rained."[..]).unwrap();
        cancel.cancel();
        assert!(live.read(&mut [0; 4]).is_err());
        drop(sender);
    }
}
