//! Random access to a file with few reads: a small window that moves.
//!
//! A walk over chunks is a chain of jumps: some bytes of a header, far ahead the next. After a jump only a little is
//! read, since the next jump may come at once; whoever then reads on gets a larger piece. Memory never exceeds what
//! was asked for, and that never exceeds what the file really holds.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes read at the start of a file: most files keep all that counts in it. Twice as much costs a tenth more a file.
const HEAD_BYTES: usize = 4 << 10;

/// Bytes read after a jump.
const JUMP_BYTES: usize = 32;

/// Bytes read where the last read ended.
const AHEAD_BYTES: usize = 4 << 10;

/// A file, or what behaves like one.
pub(super) trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// The part of the file that was read last.
pub(super) struct Window<'a> {
    source: &'a mut dyn Source,
    size: u64,
    start: u64,
    held: Vec<u8>,
    /// Where the source stands.
    cursor: u64,
}

impl<'a> Window<'a> {
    /// Looks at the size of the file and reads its head.
    pub(super) fn new(source: &'a mut dyn Source) -> io::Result<Self> {
        let size = source.seek(SeekFrom::End(0))?;
        let mut window = Self { source, size, start: 0, held: Vec::new(), cursor: size };
        window.fill(0, HEAD_BYTES)?;
        Ok(window)
    }

    /// Size of the file in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes from `at`: `wanted`, or fewer where the file ends.
    pub(super) fn get(&mut self, at: u64, wanted: usize) -> io::Result<&[u8]> {
        let wanted = wanted.min(usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX));
        let end = self.start.saturating_add(self.held.len() as u64);
        if at < self.start || at.saturating_add(wanted as u64) > end {
            let reading_on = (self.start..=end).contains(&at);
            let least = if reading_on { AHEAD_BYTES } else { JUMP_BYTES };
            self.fill(at, wanted.max(least))?;
        }
        let from = usize::try_from(at.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let held = self.held.get(from..).unwrap_or_default();
        Ok(held.get(..wanted).unwrap_or(held))
    }

    /// Holds `wanted` bytes from `at`, or fewer where the file ends. Bytes held already are not read again.
    fn fill(&mut self, at: u64, wanted: usize) -> io::Result<()> {
        let end = self.start.saturating_add(self.held.len() as u64);
        if (self.start..end).contains(&at) {
            let from = usize::try_from(at.saturating_sub(self.start)).unwrap_or(usize::MAX);
            self.held.drain(..from.min(self.held.len()));
        } else {
            self.held.clear();
        }
        self.start = at;
        let next = at.saturating_add(self.held.len() as u64);
        if self.cursor != next {
            self.source.seek(SeekFrom::Start(next))?;
            self.cursor = next;
        }
        let mut have = self.held.len();
        // The file may have shrunk since its size was asked for, so the buffer grows by what the size promises but
        // keeps only what came.
        let wanted = wanted.min(usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX));
        self.held.resize(wanted.max(have), 0);
        while have < wanted {
            match self.source.read(self.held.get_mut(have..wanted).unwrap_or_default()) {
                Ok(0) => break,
                Ok(read) => {
                    have = have.saturating_add(read);
                    self.cursor = self.cursor.saturating_add(read as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.held.truncate(have);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_order_of_reads_gives_the_bytes_of_the_file(
            size in 0_usize..40_000,
            reads in proptest::collection::vec((0_u64..50_000, 0_usize..20_000), 0..20),
        ) {
            let file: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
            let mut source = Cursor::new(file.clone());
            let mut window = Window::new(&mut source).unwrap();
            for (at, wanted) in reads {
                let from = (at as usize).min(size);
                let expected = &file[from..(from + wanted).min(size)];
                prop_assert_eq!(window.get(at, wanted).unwrap(), expected);
            }
        }
    }
}
