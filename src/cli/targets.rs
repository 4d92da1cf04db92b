//! Targets from the command line, or from stdin where one of them is `-`.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, Read};

use super::failure::Failure;

/// What is done with the number and the bytes of a line.
type Each<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Failure> + 'a;

/// Longest line that may name a target.
const MAX_LINE_BYTES: u64 = 1 << 16;

/// Calls `each` with every target in order; `-` stands for the lines of stdin, blank ones left out.
///
/// # Errors
///
/// When stdin cannot be read, a line is too long or not UTF-8, or `each` fails.
pub(crate) fn for_each(
    targets: &[String],
    mut each: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for target in targets {
        if target == "-" {
            for_each_line(&mut io::stdin().lock(), &mut |number, line| {
                let text = std::str::from_utf8(line)
                    .map_err(|_| Failure::usage(format!("line {number} of stdin is not UTF-8")))?;
                each(text.trim())
            })?;
        } else {
            each(target)?;
        }
    }
    Ok(())
}

/// As [`for_each`], for targets that may be paths: a line need not be UTF-8 where the platform's paths need not be.
///
/// # Errors
///
/// When stdin cannot be read, a line is too long or no path of this platform, or `each` fails.
pub(crate) fn for_each_os(
    targets: &[OsString],
    mut each: impl FnMut(&OsStr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for target in targets {
        if target == "-" {
            for_each_line(&mut io::stdin().lock(), &mut |number, line| each(&path_of(number, line)?))?;
        } else {
            each(target)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere only text is a path")]
fn path_of(_number: u64, line: &[u8]) -> Result<Cow<'_, OsStr>, Failure> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(Cow::Borrowed(OsStr::from_bytes(line)))
}

#[cfg(not(unix))]
fn path_of(number: u64, line: &[u8]) -> Result<Cow<'_, OsStr>, Failure> {
    let text = std::str::from_utf8(line)
        .map_err(|_| Failure::usage(format!("line {number} of stdin is not UTF-8")))?;
    Ok(Cow::Borrowed(OsStr::new(text)))
}

/// Calls `each` with the number and the bytes of every line, without the blanks around it; blank lines are left out.
fn for_each_line(mut input: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), Failure> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        number += 1;
        let read = (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        if read.map_err(|error| Failure::file("reading stdin", &error))? == 0 {
            return Ok(());
        }
        if line.len() as u64 == MAX_LINE_BYTES {
            return Err(Failure::usage(format!(
                "line {number} of stdin is longer than {MAX_LINE_BYTES} bytes"
            )));
        }
        let target = line.trim_ascii();
        if !target.is_empty() {
            each(number, target)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<String>, Failure> {
        let mut seen = Vec::new();
        for_each_line(&mut &*bytes, &mut |number, line| {
            let text = std::str::from_utf8(line).map_err(|_| Failure::usage(format!("line {number}")))?;
            seen.push(text.to_owned());
            Ok(())
        })?;
        Ok(seen)
    }

    #[test]
    fn blank_lines_and_line_ends_are_dropped() {
        assert_eq!(read(b"123\r\n\n  https://a/b \n456").expect("good lines"), ["123", "https://a/b", "456"]);
    }

    #[test]
    fn a_line_without_end_is_refused_instead_of_held() {
        assert!(read(&vec![b'a'; 1 << 20]).is_err());
        assert!(read(b"ok\n\xff\xfe\n").is_err());
    }
}
