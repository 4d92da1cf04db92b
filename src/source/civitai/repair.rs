//! Text that is nearly JSON in, JSON out, and what had to be changed.
//!
//! Halves of surrogate pairs, raw control characters, unknown escapes and words such as `NaN` cost the
//! character or the value in which they stand, never the item. What else is wrong stays wrong.

use super::convert::{FieldProblem, FieldWarning};

/// Changes reported for one item.
const MAX_REPORTED: usize = 50;

/// Length at which the path of a change is cut short, in bytes.
const MAX_PATH_BYTES: usize = 200;

/// Rewrites an item that a JSON parser refused.
pub(super) fn repair(text: &str) -> (String, Vec<FieldWarning>) {
    let mut repairer =
        Repairer { text, at: 0, out: String::with_capacity(text.len()), ..Repairer::default() };
    repairer.run();
    (repairer.out, repairer.warnings)
}

#[derive(Default)]
struct Repairer<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// One entry for each open bracket: the last key of an object, `None` for an array.
    open: Vec<Option<&'a str>>,
    /// Whether the next string is a key.
    key_next: bool,
    warnings: Vec<FieldWarning>,
}

impl<'a> Repairer<'a> {
    fn run(&mut self) {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' => {
                    self.key_next = byte == b'{';
                    self.open.push(self.key_next.then_some(""));
                    self.copy(1);
                }
                b'}' | b']' => {
                    self.open.pop();
                    self.key_next = false;
                    self.copy(1);
                }
                b',' => {
                    self.key_next = matches!(self.open.last(), Some(Some(_)));
                    self.copy(1);
                }
                b':' | b' ' | b'\t' | b'\n' | b'\r' => self.copy(1),
                _ => self.word(),
            }
        }
    }

    /// Copies so many bytes, which end at the end of a character.
    fn copy(&mut self, bytes: usize) {
        self.out.push_str(self.text.get(self.at..self.at + bytes).unwrap_or_default());
        self.at += bytes;
    }

    fn word(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_end =
            |c: char| matches!(c, ',' | ':' | '{' | '}' | '[' | ']' | '"') || c.is_ascii_whitespace();
        let length = rest.find(is_end).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        if serde_json::from_str::<serde_json::Value>(word).is_ok() {
            return self.copy(length);
        }
        self.out.push_str("null");
        self.at += length.max(1);
        self.warn(FieldProblem::NotJson);
    }

    fn string(&mut self) {
        let start = self.at + 1;
        self.copy(1);
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let plain =
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            self.copy(plain);
            match rest.get(plain) {
                None => return,
                Some(b'"') => break,
                Some(b'\\') => self.escape(),
                Some(_) => {
                    self.out.push(' ');
                    self.at += 1;
                    self.warn(FieldProblem::BadCharacter);
                }
            }
        }
        if self.key_next
            && let Some(slot @ Some(_)) = self.open.last_mut()
        {
            *slot = self.text.get(start..self.at);
            self.key_next = false;
        }
        self.copy(1);
    }

    fn escape(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.as_bytes().get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => return self.copy(2),
            Some(b'u') => {}
            _ => {
                self.out.push_str("\\\\");
                self.at += 1;
                return self.warn(FieldProblem::BadCharacter);
            }
        }
        match unit(rest) {
            Some(0xd800..0xdc00) if matches!(rest.get(6..).and_then(unit), Some(0xdc00..0xe000)) => {
                self.copy(12);
            }
            Some(0xd800..0xe000) => {
                self.out.push_str("\\ufffd");
                self.at += 6;
                self.warn(FieldProblem::BadCharacter);
            }
            Some(_) => self.copy(6),
            None => {
                self.out.push_str("\\ufffd");
                self.at += 2;
                self.warn(FieldProblem::BadCharacter);
            }
        }
    }

    fn warn(&mut self, problem: FieldProblem) {
        if self.warnings.len() == MAX_REPORTED {
            return;
        }
        let warning = FieldWarning { field: self.path(), problem };
        if self.warnings.last() != Some(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Where the repairer is; cut short, because keys come from anyone and this is called for each change.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.open {
            match step {
                None => path.push_str("[]"),
                Some(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.extend(key.chars().take(MAX_PATH_BYTES));
                }
            }
            if path.len() > MAX_PATH_BYTES {
                break;
            }
        }
        path
    }
}

/// The code unit of a `\uXXXX` at the start.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn check(text: &str, repaired: &str, warnings: &[(&str, FieldProblem)]) {
        let (out, found) = repair(text);
        assert_eq!(out, repaired);
        let found: Vec<_> = found.iter().map(|warning| (warning.field.as_str(), warning.problem)).collect();
        assert_eq!(found, warnings);
        assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    }

    #[test]
    fn halves_of_surrogate_pairs_cost_one_character() {
        check(
            r#"{"a":{"b":["\ud83d x","\ud83d\ude00","\ude00\ud83d"]}}"#,
            r#"{"a":{"b":["\ufffd x","\ud83d\ude00","\ufffd\ufffd"]}}"#,
            &[("a.b[]", FieldProblem::BadCharacter)],
        );
    }

    #[test]
    fn odd_escapes_and_raw_control_characters_are_replaced() {
        check(
            "{\"a\":\"x\\q\",\"b\":\"1\t2\",\"c\":\"\\u12\",\"d\":\"\\n\\\"\"}",
            "{\"a\":\"x\\\\q\",\"b\":\"1 2\",\"c\":\"\\ufffd12\",\"d\":\"\\n\\\"\"}",
            &[
                ("a", FieldProblem::BadCharacter),
                ("b", FieldProblem::BadCharacter),
                ("c", FieldProblem::BadCharacter),
            ],
        );
    }

    #[test]
    fn words_that_json_does_not_know_become_null() {
        check(
            r#"{"a":NaN,"b":[-Infinity,1],"c":undefined,"d":1e999,"e":true}"#,
            r#"{"a":null,"b":[null,1],"c":null,"d":null,"e":true}"#,
            &[
                ("a", FieldProblem::NotJson),
                ("b[]", FieldProblem::NotJson),
                ("c", FieldProblem::NotJson),
                ("d", FieldProblem::NotJson),
            ],
        );
    }

    proptest! {
        #[test]
        fn valid_json_is_left_alone(text in "[ \\PC\"\\\\{}]{0,30}", number in any::<f64>()) {
            let valid = serde_json::json!({ "k": [text, { "n": number }, null, true] }).to_string();
            let repaired = repair(&valid);
            prop_assert_eq!(repaired, (valid, Vec::new()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[{}\\[\\]\",:\\\\ud8c0-9aN\u{e9}\u{0}\n]{0,60}") {
            let _ = repair(&text);
        }
    }
}
