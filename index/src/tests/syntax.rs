//! The one pass over a prompt beside the same rules written down as plainly as can be.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::chunks::read;
use crate::syntax::Step;
use crate::tokenizer::{Kind, MAX_WORD_CHARS, fold, fold_any, has_word, words};
use crate::{MAX_CHUNK_BYTES, MAX_CHUNK_WORDS, MAX_CHUNKS, chunks};

const WIDE_COMMAS: [char; 3] = ['，', '、', '｜'];

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// Bytes at the beginning of a text that are all of one kind, at most so many.
fn leading(text: &str, most: usize, is_of_kind: impl Fn(char) -> bool) -> usize {
    text.char_indices().take_while(|(at, c)| *at < most && is_of_kind(*c)).map(|(_, c)| c.len_utf8()).sum()
}

fn number(text: &str) -> usize {
    let length = leading(text, 16, |c| c.is_ascii_digit() || c == '.');
    text[..length].strip_suffix('.').map_or(length, str::len)
}

/// Bytes of a weight behind its colon, up to the bracket that closes it.
fn weight(text: &str) -> Option<usize> {
    let blanks = leading(text, 16, |c| c == ' ');
    let sign = usize::from(text[blanks..].starts_with(['+', '-']));
    let digits = leading(&text[blanks + sign..], 16, |c| c.is_ascii_digit() || c == '.');
    let end = blanks + sign + digits;
    let end = end + leading(&text[end..], 16, |c| c == ' ');
    let is_number = text[..end].contains(|c: char| c.is_ascii_digit());
    (is_number && text[end..].starts_with([')', ']'])).then_some(end)
}

/// The step that a text begins with, behind another text, and its bytes.
fn step(before: &str, text: &str) -> (Step, usize) {
    let first = text.chars().next().expect("a text");
    let last = before.chars().next_back();
    let is_escaped = before.ends_with('\\');
    let goes_on = |at: usize| text[at..].starts_with(is_letter);
    match first {
        _ if WIDE_COMMAS.contains(&first) => (Step::Break, first.len_utf8()),
        '0'..='9' if !last.is_some_and(|c| is_letter(c) || c == '.') => {
            let end = number(text);
            let is_behind_bracket = last == Some(')') && !before.ends_with("\\)");
            match &text[end..] {
                rest if rest.starts_with("::") => (Step::Break, end + 2),
                rest if rest.starts_with("$$") => (Step::Dropped, end + 2),
                _ if is_behind_bracket && text[..end].contains('.') && !goes_on(end) => (Step::Dropped, end),
                _ => word(text),
            }
        }
        _ if is_letter(first) => word(text),
        ' ' | '\t' | '_' | '\u{B}' | '\u{C}' => (Step::Blank, 1),
        ',' | '\n' | '\r' | '|' => (Step::Break, 1),
        '<' => tag(text).map_or((Step::Sign, 1), |end| (Step::Break, end)),
        '\\' if text[1..].starts_with(|c: char| c.is_ascii_punctuation()) => (Step::Escape, 1),
        '\\' => (Step::Blank, 1),
        '(' | ')' | '[' | ']' | '{' | '}' => (if is_escaped { Step::Sign } else { Step::Dropped }, 1),
        ':' => {
            if let Some(end) = weight(&text[1..]) {
                (Step::Dropped, 1 + end)
            } else if let Some(rest) = text.strip_prefix("::") {
                let sign = usize::from(rest.starts_with(['+', '-']));
                let end = 2 + sign + number(&rest[sign..]);
                (Step::Break, if end > 2 + sign && !goes_on(end) { end } else { 2 })
            } else {
                (if divides(&text[1..]) { Step::Break } else { Step::Sign }, 1)
            }
        }
        '+' | '-' => {
            let end = leading(text, usize::MAX, |c| c == first);
            let follows = last.is_some_and(|c| is_letter(c) || c == ')');
            let ends = text[end..].is_empty()
                || text[end..].starts_with([' ', ',', '\n', '\r', ')', ']', '}', '|', '.']);
            (if follows && ends { Step::Dropped } else { Step::Sign }, end)
        }
        _ => (Step::Sign, 1),
    }
}

fn word(text: &str) -> (Step, usize) {
    let end = leading(text, usize::MAX, |c| is_letter(c) && !WIDE_COMMAS.contains(&c));
    match &text[..end] {
        "BREAK" | "AND" => (Step::Break, end),
        word if word.is_ascii() => (Step::Ascii, end),
        _ => (Step::Wide, end),
    }
}

fn tag(text: &str) -> Option<usize> {
    let kind = leading(&text[1..], 512, |c| c.is_ascii_alphanumeric() || c == '_');
    let end = text[1..].find(['>', '<', '\n'])?;
    let is_tag =
        kind > 0 && end < 512 && text[1 + kind..].starts_with(':') && text[1 + end..].starts_with('>');
    is_tag.then_some(1 + end + 1)
}

/// Whether a text goes on as a schedule does behind its first colon.
fn divides(text: &str) -> bool {
    let end = text.find(['[', ']', '\n', '(', ')']).unwrap_or(text.len());
    let mut colons = text[..end].match_indices(':').take_while(|(at, _)| *at < 128);
    colons.any(|(at, _)| weight(&text[at + 1..]).is_some_and(|end| text[at + 1 + end..].starts_with(']')))
}

/// All words, folded and not cut, and all distinct chunks.
fn reference(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut all, mut found) = (Vec::new(), Vec::new());
    let (mut raw, mut has_ascii, mut is_short) = (String::new(), false, true);
    let mut at = 0;
    while at < text.len() {
        let (kind, length) = step(&text[..at], &text[at..]);
        let piece = &text[at..at + length];
        at += length;
        let mut folded = String::new();
        match kind {
            Step::Ascii => all.push(piece.to_ascii_lowercase()),
            Step::Wide => {
                fold_any(piece, &mut folded);
                let mut at = 0;
                while let Some((start, end)) = crate::tokenizer::next_word(&folded, at) {
                    all.push(folded[start..end].to_owned());
                    at = end;
                }
            }
            _ => {}
        }
        has_ascii |= kind == Step::Ascii;
        match kind {
            Step::Ascii | Step::Wide | Step::Sign => {
                raw.push_str(piece);
                is_short &= raw.len() <= 4 * MAX_CHUNK_BYTES;
            }
            Step::Blank | Step::Dropped if !raw.is_empty() && !raw.ends_with(' ') => raw.push(' '),
            _ => {}
        }
        if kind == Step::Break || at == text.len() {
            let chunk = finished(&raw);
            let is_chunk = is_short && (has_ascii || has_word(&chunk)) && is_tag(&chunk);
            if is_chunk && !found.contains(&chunk) && found.len() < MAX_CHUNKS {
                found.push(chunk);
            }
            (raw, has_ascii, is_short) = (String::new(), false, true);
        }
    }
    (all, found)
}

fn finished(raw: &str) -> String {
    let mut folded = String::new();
    fold_any(raw, &mut folded);
    let folded = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ';' | '"')).to_owned()
}

fn is_tag(chunk: &str) -> bool {
    !chunk.is_empty() && chunk.len() <= MAX_CHUNK_BYTES && chunk.split(' ').count() <= MAX_CHUNK_WORDS
}

#[track_caller]
fn check(text: &str) {
    let (all, found) = reference(text);
    let reading = read(text);
    assert_eq!(reading.words().split_whitespace().collect::<Vec<_>>(), all, "{text:?}");
    assert_eq!(chunks(text).collect::<Vec<_>>(), found, "{text:?}");
    let cut = |word: String| word.chars().take(MAX_WORD_CHARS).collect::<String>();
    assert_eq!(words(Kind::Prompt, text), all.into_iter().map(cut).collect::<Vec<_>>(), "{text:?}");
}

/// Prompts out of what has a meaning in them.
fn prompt() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        " ",
        " ",
        " ",
        ",",
        ", ",
        "cat",
        "red hair",
        "Dog",
        "BREAK",
        "AND",
        "And",
        "B",
        "a",
        "2girls",
        "16",
        "0.5",
        "1.",
        ".",
        "_",
        "  ",
        "\n",
        "\t",
        "|",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "\\",
        "\\(",
        "\\)",
        ":",
        "::",
        ":1.2)",
        ": -1 ]",
        "1.3::",
        "2$$",
        "+",
        "++",
        "-",
        "--",
        "'",
        ";",
        "\"",
        "<lora:x y:0.8>",
        "<a>",
        "[a:b:0.5]",
        ")1.1",
        "猫",
        "耳",
        "，",
        "、",
        "｜",
        "é",
        "ＡＢ",
        "İ",
        "ß",
        "😀",
        "❤\u{FE0F}",
        "\u{301}",
        "ガ",
        "\u{3000}",
        "한",
        "a sentence of many words that nobody takes for a tag",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    ];
    vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn one_pass_finds_what_the_rules_say(text in prompt()) {
        check(&text);
    }

    #[test]
    fn any_text_is_read_by_the_rules(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_text_is_folded_alike_on_both_ways(text in "[a-zA-Z é-ſ\\u{A0}-ÿ猫’—\\u{300}ガ\\u{3099}]{0,12}") {
        check_fold(&text);
    }

    #[test]
    fn hashes_are_equal_where_words_are(one in prompt(), other in prompt(), form in 0..4usize) {
        let other = match form {
            0 => other,
            1 => one.to_uppercase(),
            2 => one.replace(' ', "_"),
            _ => format!("(({one})), ...")
        };
        let same = reference(&one).0 == reference(&other).0;
        prop_assert_eq!(read(&one).hash() == read(&other).hash(), same, "{:?} {:?}", one, other);
    }
}

#[test]
fn limits_of_the_syntax_are_those_of_the_rules() {
    for length in (0..20).chain(120..132).chain(500..520) {
        let many = |piece: &str| piece.repeat(length);
        check(&format!("(cat:{}1)", many(" ")));
        check(&format!("(cat:1{})", many("0")));
        check(&format!("{}::cat", many("1")));
        check(&format!("[a:{}:0.5]", many("b")));
        check(&format!("a <lora:{}> b", many("x")));
        check(&format!("a <{}:x> b", many("x")));
        check(&format!("{} cat", many("x, ")));
        check(&format!("{} cat", many("it's ")));
        check(&format!("{}，cat，dog", many("猫")));
        check(&format!("(cat){}.5", many("1")));
        check(&many("，猫"));
        check(&many("，"));
    }
}

#[track_caller]
fn check_fold(text: &str) {
    let (mut one, mut other) = (String::new(), String::new());
    fold(text, &mut one);
    fold_any(text, &mut other);
    assert_eq!(one, other, "{text:?}");
}

/// Characters stand before and behind others that they might become one with.
#[test]
fn a_character_is_folded_alike_on_both_ways() {
    for c in '\0'..=char::MAX {
        check_fold(&format!("a{c}e猫{c}"));
    }
    for first in ['a', 'É', 'ı', '\u{AD}', '\u{A8}', '猫', '’', '\u{17F}'] {
        for c in ('\u{80}'..'\u{400}').chain('\u{1E00}'..'\u{1F00}') {
            check_fold(&format!("{first}{c}"));
            check_fold(&format!("{c}{first}"));
        }
    }
}
