//! `--template '{id}\t{model}\t{prompt:60}'`: one line a hit in the words of the caller.
//!
//! - In: a template, read once; hits.
//! - Out: the texts of the hits with every steering character spelt out, so that a line stays one line.
//! - Never: a template that is half understood: what cannot be read is an error with its place.

use stemmata::search::FoundImage;

use super::super::escape;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::width;
use super::fields::{self, Field};

/// Most columns that a field can be cut to.
const MOST_COLUMNS: usize = 10_000;

/// A template, read.
#[derive(Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Field {
        field: &'static Field,
        columns: Option<usize>,
    },
    /// The whole record.
    Json,
}

/// What is wrong with a template, and where in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    code: &'static str,
    message: String,
    span: [usize; 2],
    hint: Option<String>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// A usage failure that shows the place.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        read(text).map(|parts| Self { parts }).map_err(|fault| fault.told(text))
    }

    /// The line of a hit, without an end; `json` makes the whole record.
    pub(crate) fn line(&self, hit: &FoundImage, json: impl Fn() -> String) -> String {
        let mut line = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Json => line.push_str(&json()),
                Part::Field { field, columns: None } => line.push_str(&escape::one_line(&field.text(hit))),
                Part::Field { field, columns: Some(columns) } => {
                    let text = field.text(hit);
                    line.push_str(&width::fit(&escape::cell(&text), *columns));
                }
            }
        }
        line
    }
}

fn read(text: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next().map(|(_, escaped)| escaped);
                plain.push(unescape(at, escaped)?);
            }
            '{' if chars.next_if(|(_, next)| *next == '{').is_some() => plain.push('{'),
            '}' if chars.next_if(|(_, next)| *next == '}').is_some() => plain.push('}'),
            '}' => {
                return Err(Fault::new("template.bracket", "`}` without `{`", [at, at + 1])
                    .hint("write `}}` for a bracket"));
            }
            '{' => {
                let Some(length) = text[at + 1..].find('}') else {
                    let fault = Fault::new("template.bracket", "`{` is never closed", [at, text.len()]);
                    return Err(fault.hint("write `{{` for a bracket"));
                };
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(field(&text[at + 1..at + 1 + length], at + 1)?);
                while chars.next_if(|(next, _)| *next <= at + 1 + length).is_some() {}
            }
            other => plain.push(other),
        }
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

fn unescape(at: usize, escaped: Option<char>) -> Result<char, Fault> {
    Ok(match escaped {
        Some('t') => '\t',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('\\') => '\\',
        Some('{') => '{',
        Some('}') => '}',
        other => {
            let end = at + 1 + other.map_or(0, char::len_utf8);
            let fault = Fault::new("template.escape", "an escape that means nothing", [at, end]);
            return Err(fault.hint(r"there are \t \n \r \0 \\ \{ \}"));
        }
    })
}

/// Reads `name` or `name:columns`, which begins at byte `at`.
fn field(text: &str, at: usize) -> Result<Part, Fault> {
    let (name, columns) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let wanted = name.trim();
    let span = [at, at + name.len()];
    let columns = columns.map(|digits| read_columns(digits, at + name.len() + 1)).transpose()?;
    if wanted.eq_ignore_ascii_case("json") {
        return if columns.is_none() {
            Ok(Part::Json)
        } else {
            Err(Fault::new("template.width", "`{json}` cannot be cut", [at, at + text.len()]))
        };
    }
    match fields::find(wanted) {
        Some(field) => Ok(Part::Field { field, columns }),
        None => {
            let near = match fields::nearest(wanted) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "such as {image} {prompt:60} {model} {json}; all are named by --help".to_owned(),
            };
            Err(Fault::new("template.unknown_field", format!("unknown field `{wanted}`"), span).hint(near))
        }
    }
}

fn read_columns(digits: &str, at: usize) -> Result<usize, Fault> {
    let number = digits.trim().parse().ok().filter(|columns| (1..=MOST_COLUMNS).contains(columns));
    number.ok_or_else(|| {
        let message = format!("a width is a number from 1 to {MOST_COLUMNS}");
        Fault::new("template.width", message, [at, at + digits.len()])
    })
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>, span: [usize; 2]) -> Self {
        Self { code, message: message.into(), span, hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn told(self, template: &str) -> Failure {
        let [start, end] = self.span;
        let shown = |text: &str| {
            text.chars().map(|c| if escape::is_steering(c) { ' ' } else { c }).collect::<String>()
        };
        let before = width::of(&shown(&template[..start]));
        let carets = "^".repeat(width::of(&shown(&template[start..end])).max(1));
        let hint = self.hint.as_deref().map(|hint| format!(" {hint}")).unwrap_or_default();
        let picture = format!(
            "error[{}]: {}\n  1 | {}\n    | {}{carets}{hint}\n",
            self.code,
            self.message,
            shown(template),
            " ".repeat(before)
        );
        let failure = Failure::new(Exit::Usage, self.code, self.message).span(start, end).picture(picture);
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_fault(template: &str, code: &str, place: &str, hint: &str) {
        let fault = read(template).expect_err("it cannot be read");
        assert_eq!((fault.code, &template[fault.span[0]..fault.span[1]]), (code, place), "{template}");
        assert!(fault.hint.unwrap_or_default().contains(hint), "{template}");
    }

    #[test]
    fn what_cannot_be_read_is_shown_with_its_place() {
        check_fault("{id} {modell}", "template.unknown_field", "modell", "`model`");
        check_fault("{prompt:wide}", "template.width", "wide", "");
        check_fault("{prompt:0}", "template.width", "0", "");
        check_fault("{json:5}", "template.width", "json:5", "");
        check_fault("a {id", "template.bracket", "{id", "{{");
        check_fault("a } b", "template.bracket", "}", "}}");
        check_fault("a\\x", "template.escape", "\\x", "\\t");
        check_fault("a\\", "template.escape", "\\", "\\t");
    }

    #[test]
    fn brackets_and_escapes_stand_for_themselves_where_asked() {
        let parts = read("{{\\t\\{{ID}}} \\\\ {prompt:7}").expect("a good template");
        assert_eq!(
            format!("{parts:?}"),
            r#"[Text("{\t{"), Field { field: image, columns: None }, Text("} \\ "), Field { field: prompt, columns: Some(7) }]"#
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_or_an_error_with_a_place(text in "[{}\\\\a-z:0-9é城]{0,40}") {
            if let Err(fault) = read(&text) {
                prop_assert!(text.get(fault.span[0]..fault.span[1]).is_some());
                let _ = fault.told(&text);
            }
        }
    }
}
