//! Tokens of one file in, the paths that it names out, with the file's own modules resolved.

use std::collections::BTreeSet;

use super::tokens::{Kind, Token};

/// One path as the file means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Where it begins, counted from 1.
    pub(crate) line: usize,
    /// Whether it stands in a module named `tests`.
    pub(crate) in_tests: bool,
    /// What it leads to.
    pub(crate) target: Target,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Into this crate: the path from its root.
    Ours(Vec<String>),
    /// Anywhere else: the crate, or a name of the prelude, first.
    Outside(Vec<String>),
}

/// The macros and the paths that `tokens` name, in order; `module` is the file's own path from the root.
pub(crate) fn named(tokens: &[Token], module: &[String]) -> Vec<Named> {
    let mut reader = Reader { tokens, at: 0, open: Vec::new(), found: Vec::new() };
    while reader.at < tokens.len() {
        reader.step();
    }
    let modules = reader.child_modules();
    let all: BTreeSet<&str> = modules.iter().copied().chain(reader.imported()).collect();
    let resolved = reader.found.iter().filter_map(|raw| {
        let here: Vec<String> = module.iter().chain(&raw.inline).cloned().collect();
        let own = if raw.brings.is_some() { &modules } else { &all };
        let target = resolve(&raw.path, &here, own)?;
        let in_tests = here.iter().any(|name| name == "tests");
        Some(Named { line: raw.line, in_tests, target })
    });
    resolved.collect()
}

/// The words before `!`, with their lines.
pub(crate) fn macros(tokens: &[Token]) -> Vec<(usize, &str)> {
    tokens
        .windows(2)
        .filter(|pair| pair[1].kind == Kind::Mark('!'))
        .filter_map(|pair| Some((pair[0].line, pair[0].word()?)))
        .collect()
}

struct Raw {
    line: usize,
    inline: Vec<String>,
    path: Vec<String>,
    /// The name that a `use` brings in.
    brings: Option<String>,
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// The open braces; those of inline modules by name.
    open: Vec<Option<String>>,
    found: Vec<Raw>,
}

impl Reader<'_> {
    fn step(&mut self) {
        match &self.tokens[self.at].kind {
            Kind::Mark('{') => self.open.push(self.module_before()),
            Kind::Mark('}') => drop(self.open.pop()),
            Kind::Word(word) if word == "use" && !self.is_mark(self.at + 1, '<') => {
                self.at += 1;
                return self.tree(&[]);
            }
            Kind::Word(_) if self.starts_path() => return self.plain_path(),
            Kind::Word(_) | Kind::Separator | Kind::Mark(_) => {}
        }
        self.at += 1;
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.word()
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    fn is_separator(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Separator)
    }

    /// `NAME` where the tokens before `{` are `mod NAME`.
    fn module_before(&self) -> Option<String> {
        let keyword = self.at.checked_sub(2)?;
        (self.word(keyword)? == "mod").then(|| self.word(keyword + 1).map(str::to_owned))?
    }

    /// A word before `::`, unless it continues a path.
    fn starts_path(&self) -> bool {
        let continues = self.at >= 2
            && self.is_separator(self.at - 1)
            && (self.word(self.at - 2).is_some() || self.is_mark(self.at - 2, '>'));
        self.is_separator(self.at + 1) && !continues
    }

    fn plain_path(&mut self) {
        let line = self.tokens[self.at].line;
        let mut path = Vec::new();
        while let Some(word) = self.word(self.at) {
            path.push(word.to_owned());
            self.at += 1;
            if !(self.is_separator(self.at) && self.word(self.at + 1).is_some()) {
                break;
            }
            self.at += 1;
        }
        self.keep(line, path, None);
    }

    /// Reads one branch of a `use` tree, up to `,` or `}` or `;`, without it.
    fn tree(&mut self, before: &[String]) {
        let mut path = before.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut alias = None;
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Word(word) if word == "as" => {
                    alias = self.word(self.at + 1).map(str::to_owned);
                    self.at += 1;
                }
                Kind::Word(word) => path.push(word.clone()),
                Kind::Separator => {}
                Kind::Mark('*') => path.push("*".to_owned()),
                Kind::Mark('{') => return self.group(&path),
                Kind::Mark(_) => break,
            }
            self.at += 1;
        }
        // `use a::{self}` names `a`.
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let brings = alias.or_else(|| path.last().cloned());
        self.keep(line, path, brings);
    }

    fn group(&mut self, before: &[String]) {
        while let Some(token) = self.tokens.get(self.at) {
            if token.kind == Kind::Mark('}') {
                self.at += 1;
                return;
            }
            // The opening brace or a comma.
            self.at += 1;
            if !self.is_mark(self.at, '}') {
                self.tree(before);
            }
        }
    }

    fn keep(&mut self, line: usize, path: Vec<String>, brings: Option<String>) {
        let inline = self.open.iter().flatten().cloned().collect();
        if !path.is_empty() {
            self.found.push(Raw { line, inline, path, brings });
        }
    }

    /// Modules declared here: they come before an outside crate of the same name.
    fn child_modules(&self) -> BTreeSet<&str> {
        let pairs = self.tokens.windows(2).filter(|pair| pair[0].word() == Some("mod"));
        pairs.filter_map(|pair| pair[1].word()).collect()
    }

    /// Names that imports bring in, other than a crate under its own name.
    fn imported(&self) -> impl Iterator<Item = &str> {
        let imports = self.found.iter().filter(|raw| raw.brings.as_ref() != raw.path.first());
        imports.filter_map(|raw| raw.brings.as_deref())
    }
}

/// `None` for names that the file explains itself: they were looked at where it imports them.
fn resolve(path: &[String], here: &[String], own: &BTreeSet<&str>) -> Option<Target> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(Target::Ours(rest.to_vec())),
        "self" => Some(Target::Ours(here.iter().chain(rest).cloned().collect())),
        "super" => {
            let ups = path.iter().take_while(|name| *name == "super").count();
            let kept = here.len().saturating_sub(ups);
            Some(Target::Ours(here[..kept].iter().chain(&path[ups..]).cloned().collect()))
        }
        name if own.contains(name) => None,
        _ => Some(Target::Outside(path.to_vec())),
    }
}
