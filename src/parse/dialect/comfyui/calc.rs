//! Sums that graphs do with sizes and steps: `a * 3`, `(a + b) // 2`.
//!
//! - In: a text and what its letters stand for. Out: a finite number, or nothing where anything is not understood.
//! - Never: more than [`MAX_BYTES`] of text, more than [`MAX_DEPTH`] brackets inside of each other.

/// Longest expression read, in bytes.
const MAX_BYTES: usize = 256;

/// Brackets inside of brackets.
const MAX_DEPTH: u32 = 16;

/// The value of an expression of numbers, single letters, `+ - * / // %` and brackets.
pub(super) fn calculate(text: &str, letter: &dyn Fn(char) -> Option<f64>) -> Option<f64> {
    let bytes: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).take(MAX_BYTES).collect();
    let mut reader = Reader { left: &bytes, letter };
    let value = reader.sum(0).filter(|value| value.is_finite())?;
    (reader.left.is_empty() && text.len() <= MAX_BYTES).then_some(value)
}

struct Reader<'c> {
    left: &'c [char],
    letter: &'c dyn Fn(char) -> Option<f64>,
}

impl Reader<'_> {
    fn sum(&mut self, depth: u32) -> Option<f64> {
        let mut value = self.product(depth)?;
        loop {
            if self.takes("+") {
                value += self.product(depth)?;
            } else if self.takes("-") {
                value -= self.product(depth)?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self, depth: u32) -> Option<f64> {
        let mut value = self.factor(depth)?;
        loop {
            if self.takes("**") {
                return None;
            } else if self.takes("*") {
                value *= self.factor(depth)?;
            } else if self.takes("//") {
                value = (value / self.factor(depth)?).floor();
            } else if self.takes("/") {
                value /= self.factor(depth)?;
            } else if self.takes("%") {
                value = value.rem_euclid(self.factor(depth)?);
            } else {
                return Some(value);
            }
        }
    }

    fn factor(&mut self, depth: u32) -> Option<f64> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let depth = depth.saturating_add(1);
        if self.takes("-") {
            return Some(-self.factor(depth)?);
        }
        if self.takes("(") {
            let value = self.sum(depth)?;
            return self.takes(")").then_some(value);
        }
        let is_digit = |c: &&char| c.is_ascii_digit() || **c == '.';
        let digits: String = self.left.iter().take_while(is_digit).collect();
        if !digits.is_empty() {
            self.left = self.left.get(digits.len()..)?;
            return digits.parse().ok();
        }
        let (first, rest) = self.left.split_first()?;
        // Words are functions, which are not understood.
        let is_letter =
            first.is_ascii_alphabetic() && !rest.first().is_some_and(|c| c.is_alphanumeric() || *c == '.');
        self.left = rest;
        (self.letter)(*first).filter(|_| is_letter)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let starts = sign.chars().eq(self.left.iter().take(sign.len()).copied());
        if starts {
            self.left = self.left.get(sign.len()..).unwrap_or_default();
        }
        starts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<f64> {
        calculate(text, &|letter| match letter {
            'a' => Some(15.0),
            'b' => Some(4.0),
            _ => None,
        })
    }

    #[test]
    fn sums_follow_the_usual_order() {
        let cases = [
            ("a*3", 45.0),
            ("a + b * 2", 23.0),
            ("(a+b)*2", 38.0),
            ("a // b", 3.0),
            ("a / b", 3.75),
            ("a % b", 3.0),
            ("-b + 1.5", -2.5),
            ("((a))", 15.0),
        ];
        for (text, value) in cases {
            assert_eq!(of(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_has_no_value() {
        for text in [
            "",
            "c",
            "min(a, 4)",
            "a b",
            "a.width",
            "a**2",
            "a/0",
            "(a",
            "a)",
            "1.2.3",
            "aa",
            "2a",
            &"(".repeat(50),
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of(&format!("1{}", "+1".repeat(200))), None);
    }

    proptest! {
        #[test]
        fn any_text_has_a_finite_value_or_none(text in "[-ab0-9.+*/%() ]{0,40}") {
            prop_assert!(of(&text).is_none_or(f64::is_finite));
        }
    }
}
