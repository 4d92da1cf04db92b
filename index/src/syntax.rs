//! The syntax of prompts: one step after the other through a text, each a word, a blank, a sign or something dropped.
//!
//! Generators write emphasis in many ways: `(x:1.2)`, `[x]`, `{x}`, `x++`, `(x)1.1`, `1.2::x::`, `x::1.2`. All of it is
//! dropped, and so are `<lora:name:0.8>` tags, the numbers of schedules `[a:b:0.5]` and the keywords `BREAK` and `AND`.
//! The same steps feed the words of the index and its chunks, so that the words of a chunk are always those of its text.
//!
//! Never: looks further ahead than [`MAX_TAG_BYTES`], allocates, or keeps more between two steps than the place.

/// Commas beyond ASCII: `，`, `、` and `｜`.
const WIDE_COMMAS: [&[u8]; 3] = ["，".as_bytes(), "、".as_bytes(), "｜".as_bytes()];
/// Longest `<kind:name:weight>` tag that is recognised, in bytes.
pub(crate) const MAX_TAG_BYTES: usize = 512;
/// Longest number that counts as a weight, in bytes.
const MAX_WEIGHT_BYTES: usize = 16;
/// Longest rest of a schedule such as `[cat:dog:0.5]` behind its first colon, in bytes.
const MAX_SCHEDULE_BYTES: usize = 128;

/// A letter or digit of ASCII.
const WORD: u8 = 1;
/// A byte of a character beyond ASCII.
const WIDE: u8 = 2;
/// A letter that begins neither `BREAK` nor `AND`.
const PLAIN: u8 = 4;

/// What each byte is: the sum of what holds for it.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'A' | b'B' | b'0'..=b'9' => WORD,
            b'a'..=b'z' | b'C'..=b'Z' => WORD | PLAIN,
            0x80.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// What one step finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Letters and digits of ASCII.
    Ascii,
    /// Letters, digits and everything beyond ASCII, to be folded.
    Wide,
    /// White space or an underscore.
    Blank,
    /// A sign that belongs to the text.
    Sign,
    /// What only steers a generator; words on both sides of it are two.
    Dropped,
    /// A backslash, which makes the sign behind it one of the text.
    Escape,
    /// As [`Step::Dropped`], where one chunk ends and the next begins.
    Break,
}

/// Reads the step that begins at `at`, which must be a place between characters before the end; says where it ends.
#[inline]
pub(crate) fn step(text: &str, at: usize) -> (Step, usize) {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'0'..=b'9' => number(bytes, at).unwrap_or_else(|| word(bytes, at)),
        b'a'..=b'z' | b'C'..=b'Z' => word(bytes, at),
        b'A' | b'B' => word_or_keyword(bytes, at),
        0x80.. if is_wide_comma(bytes, at) => (Step::Break, at + WIDE_COMMAS[0].len()),
        0x80.. => word(bytes, at),
        b' ' | b'\t' | b'_' | 0x0B | 0x0C => (Step::Blank, at + 1),
        b',' | b'\n' | b'\r' | b'|' => (Step::Break, at + 1),
        b'<' => match after_tag(bytes, at) {
            Some(end) => (Step::Break, end),
            None => (Step::Sign, at + 1),
        },
        b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => (Step::Escape, at + 1),
        b'\\' => (Step::Blank, at + 1),
        b'(' | b')' | b'[' | b']' | b'{' | b'}' if is_escaped(bytes, at) => (Step::Sign, at + 1),
        b'(' | b')' | b'[' | b']' | b'{' | b'}' => (Step::Dropped, at + 1),
        b':' => colon(bytes, at),
        b'+' | b'-' => strength(bytes, at),
        _ => (Step::Sign, at + 1),
    }
}

/// As [`step`], but takes several words of ASCII at once where one blank stands between two, and the blank behind a comma
/// with it: most of a prompt.
#[inline]
pub(crate) fn long_step(text: &str, at: usize) -> (Step, usize) {
    let bytes = text.as_bytes();
    match bytes[at] {
        b' ' => (Step::Blank, at + 1),
        b',' => (Step::Break, at + 1 + usize::from(bytes.get(at + 1) == Some(&b' '))),
        _ => match plain_words(bytes, at) {
            end if end > at => (Step::Ascii, end),
            _ => step(text, at),
        },
    }
}

/// Where the words that begin at `at` end: each a [`Step::Ascii`] whatever stands around it, with one blank between two.
/// `at` itself where no such word begins.
#[inline]
fn plain_words(bytes: &[u8], at: usize) -> usize {
    let (mut start, mut end) = (at, at);
    while has_class(PLAIN, bytes, start) {
        let behind = run(WORD, bytes, start + 1);
        match bytes.get(behind) {
            Some(b' ') => (start, end) = (behind + 1, behind),
            Some(0x80..) => return end,
            _ => return behind,
        }
    }
    end
}

/// Reads the step that begins at `at` in a text without syntax: a word, or a sign of one byte.
#[inline]
pub(crate) fn plain_step(text: &str, at: usize) -> (Step, usize) {
    let bytes = text.as_bytes();
    let ascii = run(WORD, bytes, at);
    match run(WORD | WIDE, bytes, ascii) {
        end if end > ascii => (Step::Wide, end),
        end if end > at => (Step::Ascii, end),
        _ => (Step::Sign, at + 1),
    }
}

/// A run of letters and digits, which a wide comma ends.
#[inline]
fn word(bytes: &[u8], at: usize) -> (Step, usize) {
    let ascii = run(WORD, bytes, at);
    let mut end = ascii;
    while has_class(WORD | WIDE, bytes, end) && !is_wide_comma(bytes, end) {
        end += 1;
    }
    (if end > ascii { Step::Wide } else { Step::Ascii }, end)
}

/// A run of letters and digits, or a keyword of generators.
fn word_or_keyword(bytes: &[u8], at: usize) -> (Step, usize) {
    let (kind, end) = word(bytes, at);
    let is_keyword = matches!(&bytes[at..end], b"BREAK" | b"AND");
    (if is_keyword { Step::Break } else { kind }, end)
}

/// Where the run of bytes of some classes that begins at `at` ends.
#[inline]
fn run(classes: u8, bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while has_class(classes, bytes, end) {
        end += 1;
    }
    end
}

/// Whether there is a byte at `at`, of one of some classes.
#[inline]
fn has_class(classes: u8, bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| CLASSES[usize::from(*byte)] & classes != 0)
}

fn is_word(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & (WORD | WIDE) != 0
}

fn is_wide_comma(bytes: &[u8], at: usize) -> bool {
    let begins = |comma: &&[u8]| bytes[at..].starts_with(comma);
    matches!(bytes[at], 0xE3 | 0xEF) && WIDE_COMMAS.iter().any(begins)
}

/// Whether the character at `at` is written with a backslash before it.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes[at - 1] == b'\\'
}

/// A number that steers: `1.2::` of `1.2::x::`, `1.1` of `(x)1.1`, `2$$` of `{2$$a|b}`.
fn number(bytes: &[u8], at: usize) -> Option<(Step, usize)> {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    if before.is_some_and(|before| is_word(before) || before == b'.') {
        return None;
    }
    let length = digits(&bytes[at..]);
    let end = at + length;
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b':'), Some(b':')) => return Some((Step::Break, end + 2)),
        (Some(b'$'), Some(b'$')) => return Some((Step::Dropped, end + 2)),
        _ => {}
    }
    let follows = before == Some(b')') && !is_escaped(bytes, at - 1);
    let is_weight =
        follows && bytes[at..end].contains(&b'.') && !bytes.get(end).is_some_and(|byte| is_word(*byte));
    is_weight.then_some((Step::Dropped, end))
}

/// Bytes of the number that `bytes` begin with, without sign; a dot at its end is not part of it.
fn digits(bytes: &[u8]) -> usize {
    let length = bytes
        .iter()
        .take(MAX_WEIGHT_BYTES)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    if length > 0 && bytes[length - 1] == b'.' { length - 1 } else { length }
}

/// A colon: before a weight, as `::`, between the parts of a schedule, or a sign.
fn colon(bytes: &[u8], at: usize) -> (Step, usize) {
    if let Some(end) = after_weight(bytes, at) {
        return (Step::Dropped, end);
    }
    if bytes.get(at + 1) == Some(&b':') {
        let rest = &bytes[at + 2..];
        let sign = usize::from(matches!(rest.first(), Some(b'+' | b'-')));
        let length = digits(&rest[sign..]);
        let end = at + 2 + sign + length;
        let is_weight = length > 0 && !bytes.get(end).is_some_and(|byte| is_word(*byte));
        return (Step::Break, if is_weight { end } else { at + 2 });
    }
    if divides_schedule(bytes, at) { (Step::Break, at + 1) } else { (Step::Sign, at + 1) }
}

/// Whether the colon at `at` divides the parts of a schedule: a bracket closes behind it, right after another colon and
/// a number.
fn divides_schedule(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at + 1..];
    let rest = &rest[..rest.len().min(MAX_SCHEDULE_BYTES)];
    for (place, byte) in rest.iter().enumerate() {
        match byte {
            b'[' | b']' | b'\n' | b'(' | b')' => return false,
            b':' if after_weight(bytes, at + 1 + place).is_some_and(|end| bytes.get(end) == Some(&b']')) => {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// `++` and `--` behind a word or a bracket, or a sign.
fn strength(bytes: &[u8], at: usize) -> (Step, usize) {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    let end = at + bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count();
    let ends = match bytes.get(end) {
        None => true,
        Some(byte) => matches!(byte, b' ' | b',' | b'\n' | b'\r' | b')' | b']' | b'}' | b'|' | b'.'),
    };
    let follows = before.is_some_and(|before| is_word(before) || before == b')');
    if follows && ends { (Step::Dropped, end) } else { (Step::Sign, end) }
}

/// The byte after a tag such as `<lora:name:0.8>` that begins at `at`.
pub(crate) fn after_tag(bytes: &[u8], at: usize) -> Option<usize> {
    let inner = bytes.get(at + 1..)?;
    let inner = &inner[..inner.len().min(MAX_TAG_BYTES)];
    let kind = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if kind == 0 || inner.get(kind) != Some(&b':') {
        return None;
    }
    let end = inner.iter().position(|byte| matches!(byte, b'>' | b'<' | b'\n'))?;
    (inner[end] == b'>').then_some(at + 1 + end + 1)
}

/// The byte after a weight such as the `:1.2` of `(word:1.2)`, where `at` is its colon and a bracket closes it.
fn after_weight(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at + 1..)?;
    let spaces = |bytes: &[u8]| bytes.iter().take(MAX_WEIGHT_BYTES).take_while(|byte| **byte == b' ').count();
    let start = spaces(rest);
    let number = &rest[start..];
    let sign = usize::from(matches!(number.first(), Some(b'+' | b'-')));
    let digits = number[sign..]
        .iter()
        .take(MAX_WEIGHT_BYTES)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    if !number[sign..sign + digits].iter().any(u8::is_ascii_digit) {
        return None;
    }
    let end = start + sign + digits;
    let end = end + spaces(&rest[end..]);
    matches!(rest.get(end), Some(b')' | b']')).then_some(at + 1 + end)
}
