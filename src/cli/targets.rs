//! Targets from the command line, or from stdin where one of them is `-`.

use std::io::{self, BufRead, Read};

use super::failure::Failure;

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
            for_each_line(&mut io::stdin().lock(), &mut each)?;
        } else {
            each(target)?;
        }
    }
    Ok(())
}

fn for_each_line(
    mut input: &mut dyn BufRead,
    each: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
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
        let text = std::str::from_utf8(&line)
            .map_err(|_| Failure::usage(format!("line {number} of stdin is not UTF-8")))?;
        let target = text.trim();
        if !target.is_empty() {
            each(target)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<String>, Failure> {
        let mut seen = Vec::new();
        for_each_line(&mut &*bytes, &mut |target| {
            seen.push(target.to_owned());
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
