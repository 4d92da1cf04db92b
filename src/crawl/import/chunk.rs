//! Files as chunks of text that can be read independently.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::input::{DocumentName, InputFile};

/// Text of whole lines that one thread reads at a time, in bytes; a longer line makes a longer chunk.
const LINES_BYTES: usize = 8 << 20;

/// How much is read from a file at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// A stretch of one file.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) file: Arc<ChunkFile>,
    pub(super) content: Content,
    /// Bytes on disk that this stretch stands for; only the last chunk of a compressed file says more than 0.
    pub(super) read_bytes: u64,
}

/// The file that chunks come from.
#[derive(Debug)]
pub(super) struct ChunkFile {
    pub(super) name: String,
    pub(super) document: DocumentName,
}

/// What a stretch holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Whole lines, each a document; the number of the first, from 1.
    Lines { first: u64, text: Vec<u8> },
    /// One document, or several one after the other.
    Whole(Vec<u8>),
    /// The file, or the rest of it, cannot be read.
    Broken(String),
}

impl Content {
    /// How much text it holds, in bytes.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Lines { text, .. } | Self::Whole(text) => text.len(),
            Self::Broken(_) => 0,
        }
    }
}

/// Why a chunk of lines ends.
enum End {
    Chunk,
    File,
    Broken(String),
}

/// Hands out the chunks of files, in order.
pub(super) struct ChunkReader {
    files: std::vec::IntoIter<InputFile>,
    max_document_bytes: usize,
    open: Option<OpenFile>,
    pending: Option<Chunk>,
}

struct OpenFile {
    file: Arc<ChunkFile>,
    size_bytes: u64,
    reader: Box<dyn BufRead + Send>,
    next_line: u64,
}

impl ChunkReader {
    pub(super) fn new(files: Vec<InputFile>, max_document_bytes: usize) -> Self {
        Self { files: files.into_iter(), max_document_bytes, open: None, pending: None }
    }

    /// The next chunk; a broken file is a chunk that says so, after the lines before the break.
    pub(super) fn next(&mut self) -> Option<Chunk> {
        if let Some(chunk) = self.pending.take() {
            return Some(chunk);
        }
        if let Some(open) = self.open.take() {
            return Some(self.lines(open));
        }
        let input = self.files.next()?;
        let file = Arc::new(ChunkFile { name: input.name(), document: input.document_name() });
        let size_bytes = input.size_bytes().unwrap_or(0);
        let opened = open(&input).and_then(|reader| sniff(reader, self.max_document_bytes as u64));
        Some(match opened {
            Err(error) => {
                let content = Content::Broken(error.to_string());
                Chunk { file, content, read_bytes: size_bytes }
            }
            Ok((Shape::Lines, reader)) => self.lines(OpenFile { file, size_bytes, reader, next_line: 1 }),
            Ok((Shape::Whole, reader)) => self.whole(file, size_bytes, reader),
        })
    }

    /// A file as one chunk; what can be read of a broken one comes before the chunk that says so.
    fn whole(&mut self, file: Arc<ChunkFile>, size_bytes: u64, reader: Box<dyn BufRead + Send>) -> Chunk {
        let mut text = Vec::new();
        let limit = self.max_document_bytes as u64;
        let chunk = |content, read_bytes| Chunk { file: Arc::clone(&file), content, read_bytes };
        match reader.take(limit.saturating_add(1)).read_to_end(&mut text) {
            Err(error) if text.is_empty() => chunk(Content::Broken(error.to_string()), size_bytes),
            Err(error) => {
                self.pending = Some(chunk(Content::Broken(error.to_string()), size_bytes));
                chunk(Content::Whole(text), 0)
            }
            Ok(_) if text.len() > self.max_document_bytes => {
                chunk(Content::Broken(self.too_long()), size_bytes)
            }
            Ok(_) => chunk(Content::Whole(text), size_bytes),
        }
    }

    fn lines(&mut self, mut open: OpenFile) -> Chunk {
        let mut text = Vec::with_capacity(LINES_BYTES);
        let first = open.next_line;
        let limit = self.max_document_bytes as u64;
        let end = loop {
            let before = text.len();
            match (&mut open.reader).take(limit.saturating_add(1)).read_until(b'\n', &mut text) {
                Ok(0) => break End::File,
                Ok(read) if read > self.max_document_bytes => {
                    text.truncate(before);
                    break End::Broken(self.too_long());
                }
                Ok(_) => open.next_line += 1,
                Err(error) => {
                    text.truncate(before);
                    break End::Broken(error.to_string());
                }
            }
            if text.len() >= LINES_BYTES {
                break End::Chunk;
            }
        };
        let file = Arc::clone(&open.file);
        let read_bytes = if matches!(end, End::File) { open.size_bytes } else { 0 };
        match end {
            End::File => {}
            End::Broken(reason) => {
                self.pending = Some(Chunk {
                    file: Arc::clone(&file),
                    content: Content::Broken(format!("line {}: {reason}", open.next_line)),
                    read_bytes: open.size_bytes,
                });
            }
            End::Chunk => self.open = Some(open),
        }
        Chunk { file, content: Content::Lines { first, text }, read_bytes }
    }

    fn too_long(&self) -> String {
        format!("a document is longer than {} MiB", self.max_document_bytes >> 20)
    }
}

/// Opens a file and sees through gzip and zstd, told by their first bytes.
fn open(input: &InputFile) -> io::Result<Box<dyn BufRead + Send>> {
    let plain: Box<dyn Read + Send> = match input {
        InputFile::Path(path) => Box::new(File::open(path)?),
        InputFile::Stdin => Box::new(io::stdin()),
    };
    let mut plain = BufReader::with_capacity(BUFFER_BYTES, plain);
    let head = plain.fill_buf()?;
    if head.starts_with(&[0x1F, 0x8B]) {
        let decoder = flate2::bufread::MultiGzDecoder::new(plain);
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder)));
    }
    if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        let decoder = zstd::stream::Decoder::with_buffer(plain)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder)));
    }
    Ok(Box::new(plain))
}

/// How the documents of a file lie.
enum Shape {
    Lines,
    Whole,
}

/// Tells whether a file holds one document a line: its first line with anything on it is a JSON value by itself.
///
/// A file of one long line counts as lines, too, which is the same. Gives a reader that starts from the beginning.
fn sniff(
    mut reader: Box<dyn BufRead + Send>,
    limit_bytes: u64,
) -> io::Result<(Shape, Box<dyn BufRead + Send>)> {
    let mut head = Vec::new();
    let shape = loop {
        let start = head.len();
        let room = limit_bytes.saturating_add(1).saturating_sub(start as u64);
        match (&mut reader).take(room).read_until(b'\n', &mut head) {
            Ok(0) => break Shape::Whole,
            Ok(_) => {}
            Err(error) if head.is_empty() => return Err(error),
            Err(error) => {
                let rest = Cursor::new(head).chain(Break(Some(error)));
                return Ok((Shape::Whole, Box::new(BufReader::with_capacity(BUFFER_BYTES, rest))));
            }
        }
        let line = head.get(start..).unwrap_or_default();
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        let is_value = serde_json::from_slice::<IgnoredAny>(line).is_ok();
        break if is_value { Shape::Lines } else { Shape::Whole };
    };
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(head).chain(reader));
    Ok((shape, Box::new(whole)))
}

/// The end of a file that breaks off with an error.
struct Break(Option<io::Error>);

impl Read for Break {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn chunks(bytes: &[u8], max_document_bytes: usize) -> Vec<Content> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("input");
        std::fs::write(&path, bytes).expect("writes");
        let mut reader = ChunkReader::new(vec![InputFile::Path(path)], max_document_bytes);
        std::iter::from_fn(|| reader.next()).map(|chunk| chunk.content).collect()
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        let found: Vec<String> = chunks(bytes, 1 << 20)
            .into_iter()
            .map(|content| match content {
                Content::Lines { first, text } => {
                    format!("from {first}: {}", String::from_utf8_lossy(&text))
                }
                Content::Whole(text) => format!("whole: {}", String::from_utf8_lossy(&text)),
                Content::Broken(_) => "broken".to_owned(),
            })
            .collect();
        assert_eq!(found, expected);
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("writes");
        encoder.finish().expect("ends")
    }

    #[test]
    fn one_document_a_line_is_read_as_lines() {
        check(b"{\"id\":1}\n{\"id\":2}\n", &["from 1: {\"id\":1}\n{\"id\":2}\n"]);
        check(b"\xEF\xBB\xBF\n{}\nnot json", &["from 1: \u{feff}\n{}\nnot json"]);
    }

    #[test]
    fn a_document_over_several_lines_is_read_whole() {
        check(b"{\n\"id\": 1\n}\n", &["whole: {\n\"id\": 1\n}\n"]);
        check(b"not json\n{}\n", &["whole: not json\n{}\n"]);
        check(b"", &["whole: "]);
    }

    #[test]
    fn compressed_files_are_seen_through() {
        check(&gzip(b"{}\n{}\n"), &["from 1: {}\n{}\n"]);
        let two_members = [gzip(b"{}\n"), gzip(b"[]\n")].concat();
        check(&two_members, &["from 1: {}\n[]\n"]);
        let zstd = zstd::bulk::compress(b"{\n}", 1).expect("compresses");
        check(&zstd, &["whole: {\n}"]);
    }

    #[test]
    fn lines_before_a_break_are_kept() {
        let lines: Vec<u8> = (0..200_000).flat_map(|n| format!("{{\"id\":{n}}}\n").into_bytes()).collect();
        let mut bytes = gzip(&lines);
        bytes.truncate(bytes.len() / 2);
        let found = chunks(&bytes, 1 << 20);
        let kept: usize = found
            .iter()
            .map(|content| match content {
                Content::Lines { text, .. } => text.iter().filter(|byte| **byte == b'\n').count(),
                Content::Whole(_) | Content::Broken(_) => 0,
            })
            .sum();
        assert!(kept > 10_000, "{kept} lines were kept");
        assert!(matches!(found.last(), Some(Content::Broken(_))));
    }

    #[test]
    fn what_can_be_read_of_a_broken_document_comes_before_the_break() {
        let items: Vec<u8> = (0..50_000).flat_map(|n| format!("{{\"id\":{n}}},").into_bytes()).collect();
        for open in [&b"["[..], b"[\n"] {
            let mut bytes = gzip(&[open, &items].concat());
            bytes.truncate(bytes.len() / 2);
            let found = chunks(&bytes, 1 << 20);
            assert!(
                matches!(&found[..], [Content::Whole(text), Content::Broken(_)] if text.len() > 10_000),
                "{open:?}"
            );
        }
    }

    #[test]
    fn lines_are_numbered_over_chunks() {
        let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(1 << 19));
        let found = chunks(line.repeat(40).as_bytes(), 1 << 20);
        let firsts: Vec<u64> = found
            .iter()
            .filter_map(|content| match content {
                Content::Lines { first, .. } => Some(*first),
                Content::Whole(_) | Content::Broken(_) => None,
            })
            .collect();
        assert!(firsts.len() > 1, "the input fits one chunk");
        assert_eq!(firsts, [1, 17, 33]);
    }

    #[test]
    fn a_document_that_is_too_long_is_refused_and_lines_before_it_are_kept() {
        let long = format!("{{}}\n{{\"text\":\"{}\"}}\n{{}}\n", "x".repeat(2 << 20));
        let found = chunks(long.as_bytes(), 1 << 20);
        assert!(matches!(&found[..], [Content::Lines { .. }, Content::Broken(_)]), "{found:?}");
        assert!(matches!(&chunks(&[b'['; 3 << 20], 1 << 20)[..], [Content::Broken(_)]));
    }
}
