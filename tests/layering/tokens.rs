//! Rust text in, the tokens that matter for imports out: comments, strings and characters are gone.

/// One token and the line where it starts, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word or keyword; `r#` is dropped.
    Word(String),
    /// `::`
    Separator,
    /// Any other character.
    Mark(char),
}

impl Token {
    /// The word, if it is one.
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            Kind::Separator | Kind::Mark(_) => None,
        }
    }
}

/// Cuts `source` into tokens. Text that is not Rust gives some tokens or other.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { rest: source, line: 1, tokens: Vec::new() };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    scanner.tokens
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let skipped = comment(self.rest).or_else(|| text(self.rest)).or_else(|| character(self.rest));
        if let Some(length) = skipped {
            return self.advance(length);
        }
        if self.rest.starts_with("::") {
            return self.push(Kind::Separator, 2);
        }
        let raw = if self.rest.starts_with("r#") { 2 } else { 0 };
        let length = self.rest[raw..].find(|c: char| !is_word(c)).unwrap_or(self.rest.len() - raw);
        if length > 0 {
            let word = self.rest[raw..raw + length].to_owned();
            return self.push(Kind::Word(word), raw + length);
        }
        let Some(mark) = self.rest.chars().next() else { return };
        if mark.is_whitespace() {
            self.advance(mark.len_utf8());
        } else {
            self.push(Kind::Mark(mark), mark.len_utf8());
        }
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token { kind, line: self.line });
        self.advance(length);
    }

    fn advance(&mut self, length: usize) {
        let (passed, rest) = self.rest.split_at(length);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the comment that `rest` starts with; block comments nest.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.strip_prefix("/*")?;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(rest.len())
}

/// The length of the string literal that `rest` starts with: plain, byte, C or raw.
fn text(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or_default();
        after.starts_with('"') || (prefix.ends_with('r') && after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = &after[hashes + 1..];
    let start = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        return Some(body.find(&close).map_or(rest.len(), |end| start + end + close.len()));
    }
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(start + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// The length of the character literal that `rest` starts with; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix("b'").or_else(|| rest.strip_prefix('\''))?;
    let start = rest.len() - body.len();
    let first = body.chars().next()?;
    if first == '\\' {
        let escape = 1 + body[1..].chars().next()?.len_utf8();
        return Some(start + escape + body[escape..].find('\'')? + 1);
    }
    let end = first.len_utf8();
    body[end..].starts_with('\'').then_some(start + end + 1)
}
