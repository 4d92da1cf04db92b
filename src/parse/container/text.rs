//! Which encoding bytes are in, whatever was declared.
//!
//! What is declared is wrong often: UTF-8 in Latin-1 chunks, UTF-16 in the order that the block around it does not have,
//! UTF-8 under the code for UTF-16. So the bytes decide.

use super::super::Encoding;

/// Bytes looked at to tell the two orders of UTF-16 apart.
const PROBE_BYTES: usize = 1000;

/// From this length on, printable ASCII under the code for UTF-16 is taken for what it looks like.
const SURE_ASCII_BYTES: usize = 16;

/// What generators write in ASCII into nearly every text.
const MARKERS: [&str; 4] = ["Steps: ", "\"prompt\"", "Negative prompt: ", "\"class_type\""];

/// The encoding of bytes that should be text of some kind; Latin-1 if nothing else fits.
pub(crate) fn encoding(bytes: &[u8]) -> Encoding {
    if let Some(marked) = mark(bytes) {
        return marked;
    }
    if bytes.is_ascii() {
        return match is_wide(bytes) {
            true => wide(bytes),
            false => Encoding::Ascii,
        };
    }
    match std::str::from_utf8(bytes) {
        // A sequence that the end of the bytes cuts is damage at the end, not another encoding.
        Ok(_) => Encoding::Utf8,
        Err(error) if error.error_len().is_none() => Encoding::Utf8,
        Err(_) if is_wide(bytes) => wide(bytes),
        Err(_) if is_mostly_utf8(bytes) => Encoding::Utf8,
        Err(_) => Encoding::Latin1,
    }
}

/// Whether a few bytes are damaged in what else is UTF-8. Latin-1 looks like UTF-8 by chance only here and there.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut letters, mut faults) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        letters = letters.saturating_add(chunk.valid().chars().filter(|letter| !letter.is_ascii()).count());
        faults = faults.saturating_add(usize::from(!chunk.invalid().is_empty()));
    }
    letters >= faults.saturating_mul(4)
}

/// The encoding of bytes that are said to be UTF-16, without a word about their order.
pub(super) fn declared_wide(bytes: &[u8]) -> Encoding {
    if let Some(marked) = mark(bytes) {
        return marked;
    }
    if is_narrow(bytes) { encoding(bytes) } else { wide(bytes) }
}

/// How many bytes of a `UserComment` are its character code, and the encoding of the rest.
///
/// Writers leave the code out, name another one than they use, or fill it with zeros or blanks.
pub(super) fn user_comment(bytes: &[u8]) -> (usize, Encoding) {
    let Some((code, rest)) = bytes.split_first_chunk::<8>() else { return (0, encoding(bytes)) };
    match code {
        b"UNICODE\0" => (8, declared_wide(rest)),
        b"ASCII\0\0\0" | b"JIS\0\0\0\0\0" | b"\0\0\0\0\0\0\0\0" | b"        " => (8, encoding(rest)),
        _ if is_loose_code(code) => (8, encoding(rest)),
        _ => (0, encoding(bytes)),
    }
}

/// `ASCII`, `UTF8`, `UTF-8` or `Unicode`, filled up with blanks or NULs.
fn is_loose_code(code: &[u8; 8]) -> bool {
    let end = code.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |at| at.saturating_add(1));
    let word = code.get(..end).unwrap_or_default();
    end < code.len()
        && ["ASCII", "UTF8", "UTF-8", "UNICODE"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// The encoding that a byte-order mark names.
fn mark(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        _ => None,
    }
}

/// Zero bytes at even and at odd places of the first bytes.
fn zeros(bytes: &[u8]) -> (usize, usize) {
    let (pairs, _) = bytes.get(..PROBE_BYTES).unwrap_or(bytes).as_chunks::<2>();
    let count = |zero: fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| zero(pair)).count();
    (count(|pair| pair[0] == 0), count(|pair| pair[1] == 0))
}

/// Whether so many bytes on one side of the pairs are zero that it must be UTF-16, though nobody said so.
fn is_wide(bytes: &[u8]) -> bool {
    let pairs = bytes.len().min(PROBE_BYTES) / 2;
    let (even, odd) = zeros(bytes);
    pairs > 1 && even.max(odd) > pairs / 2 && even.min(odd) <= pairs / 8
}

/// The order of UTF-16 without a mark: by zeros, then by what generators write, then by how usual the letters are.
fn wide(bytes: &[u8]) -> Encoding {
    let (even, odd) = zeros(bytes);
    if even != odd {
        return if odd > even { Encoding::Utf16Le } else { Encoding::Utf16Be };
    }
    let usual = |unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.get(..PROBE_BYTES).unwrap_or(bytes).as_chunks::<2>();
        pairs.iter().filter(|pair| is_usual(unit(**pair))).count()
    };
    if usual(u16::from_le_bytes) > usual(u16::from_be_bytes) { Encoding::Utf16Le } else { Encoding::Utf16Be }
}

/// Letters of the scripts that prompts without any ASCII are written in.
fn is_usual(unit: u16) -> bool {
    matches!(unit, 0x20..=0x7E | 0x0400..=0x052F | 0x2000..=0x206F | 0x3000..=0x30FF | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF | 0xFF00..=0xFFEF)
}

/// Whether bytes that are said to be UTF-16 are really ASCII or UTF-8.
///
/// Short ASCII may be two-byte letters by chance; long ASCII, words of a generator, and valid UTF-8 beyond ASCII are not.
fn is_narrow(bytes: &[u8]) -> bool {
    let bytes = match bytes {
        [rest @ .., 0, 0, 0] | [rest @ .., 0, 0] | [rest @ .., 0] => rest,
        rest => rest,
    };
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    if text.is_empty() || text.contains('\0') {
        return false;
    }
    !text.is_ascii() || text.len() >= SURE_ASCII_BYTES || MARKERS.iter().any(|marker| text.contains(marker))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Encoding) {
        assert_eq!(encoding(bytes), expected, "{bytes:?}");
    }

    #[track_caller]
    fn check_comment(code: &[u8], rest: &[u8], expected: (usize, Encoding)) {
        assert_eq!(user_comment(&[code, rest].concat()), expected);
    }

    #[test]
    fn text_without_a_declaration_shows_its_encoding() {
        check(b"", Encoding::Ascii);
        check(b"a kite\0", Encoding::Ascii);
        check("a k\u{ef}te".as_bytes(), Encoding::Utf8);
        check(b"a k\xEFte", Encoding::Latin1);
        check(b"\xEF\xBB\xBFkite", Encoding::Utf8);
        check(
            "\u{51e7}\u{51e7} \u{51e7}\u{51e7}, "
                .as_bytes()
                .iter()
                .chain(b"\xFF kite")
                .copied()
                .collect::<Vec<u8>>()
                .as_slice(),
            Encoding::Utf8,
        );
        check(b"a kite, \xE5\x87", Encoding::Utf8);
        check(&utf16("a kite", u16::to_le_bytes), Encoding::Utf16Le);
        check(&utf16("a k\u{ef}te", u16::to_be_bytes), Encoding::Utf16Be);
    }

    #[test]
    fn a_user_comment_may_be_in_either_order_and_need_no_mark() {
        let long = "masterpiece, \u{51e7}\nSteps: 20, Seed: 1";
        check_comment(b"UNICODE\0", &utf16(long, u16::to_be_bytes), (8, Encoding::Utf16Be));
        check_comment(b"UNICODE\0", &utf16(long, u16::to_le_bytes), (8, Encoding::Utf16Le));
        check_comment(b"UNICODE\0", b"\xFF\xFEa\0", (8, Encoding::Utf16Le));
        check_comment(b"UNICODE\0", b"\xFE\xFF\0a", (8, Encoding::Utf16Be));
        check_comment(b"Unicode\0", &utf16(long, u16::to_le_bytes), (8, Encoding::Utf16Le));
    }

    #[test]
    fn a_user_comment_without_any_ascii_goes_by_its_letters() {
        let kana = "\u{51e7}\u{3042}\u{3044}\u{7a7a}";
        check_comment(b"UNICODE\0", &utf16(kana, u16::to_be_bytes), (8, Encoding::Utf16Be));
        check_comment(b"UNICODE\0", &utf16(kana, u16::to_le_bytes), (8, Encoding::Utf16Le));
    }

    #[test]
    fn utf8_under_the_code_for_utf16_is_read_as_utf8() {
        check_comment(b"UNICODE\0", b"a kite\nSteps: 20, Seed: 1", (8, Encoding::Ascii));
        check_comment(b"UNICODE\0", "k\u{ef}te".as_bytes(), (8, Encoding::Utf8));
    }

    #[test]
    fn a_user_comment_without_a_code_loses_no_letter() {
        check_comment(b"", b"{\"prompt\": \"a kite\"}", (0, Encoding::Ascii));
        check_comment(b"", b"kite", (0, Encoding::Ascii));
        check_comment(b"ASCII\0\0\0", "{\"a\": \"\u{ef}\"}".as_bytes(), (8, Encoding::Utf8));
        check_comment(b"\0\0\0\0\0\0\0\0", b"a kite", (8, Encoding::Ascii));
        check_comment(b"UTF8\0\0\0\0", b"a kite", (8, Encoding::Ascii));
        check_comment(b"ASCII wo", b"rds of a prompt", (0, Encoding::Ascii));
    }
}
