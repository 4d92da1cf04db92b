//! Patterns of words to automata that walk the dictionary of a field.
//!
//! - In: a wildcard or a regular expression from anybody, at most [`MAX_PATTERN_BYTES`] long.
//! - Out: an automaton of bounded size, or what is wrong with the pattern.
//! - Never: looks at stored text, or builds more than [`MAX_NFA_BYTES`] and [`MAX_DFA_BYTES`] of tables.

use std::sync::Arc;

use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::util::syntax;
use regex_automata::{Anchored, MatchKind};
use tantivy::query::{AutomatonWeight, EnableScoring, Query, Weight};
use tantivy::schema::Field;
use tantivy_fst::Automaton;

use super::ast::Pattern;

/// Longest pattern, in bytes.
pub(crate) const MAX_PATTERN_BYTES: usize = 256;
/// Most patterns in a query.
pub(crate) const MAX_PATTERNS: usize = 16;
/// Deepest nesting of groups in a pattern.
const MAX_NESTING: u32 = 32;
/// Most memory of the automaton before and after it is made deterministic, and on the way. What these allow is built
/// in some milliseconds.
const MAX_NFA_BYTES: usize = 128 << 10;
const MAX_DFA_BYTES: usize = 1 << 20;

/// Decides for words whether they fit.
pub(crate) struct Fits {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl Fits {
    /// Builds the automaton of a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with the pattern, for a person.
    pub(crate) fn new(pattern: &Pattern) -> Result<Self, String> {
        let text = match pattern {
            Pattern::Wildcard(text) => of_wildcard(text),
            Pattern::Regex(text) => folded(text),
        };
        if text.len() > 4 * MAX_PATTERN_BYTES {
            return Err(format!("the pattern is longer than {MAX_PATTERN_BYTES} bytes"));
        }
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(regex_automata::dfa::StartKind::Anchored)
            .dfa_size_limit(Some(MAX_DFA_BYTES))
            .determinize_size_limit(Some(MAX_DFA_BYTES));
        let dfa = dense::Builder::new()
            .configure(config)
            .syntax(syntax::Config::new().nest_limit(MAX_NESTING).dot_matches_new_line(true))
            .thompson(thompson::Config::new().nfa_size_limit(Some(MAX_NFA_BYTES)))
            .build(&text)
            .map_err(|error| told(&error))?;
        let start = dfa
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .map_err(|_| "the pattern cannot begin so".to_owned())?;
        Ok(Self { dfa, start })
    }

    /// Whether all of a folded word fits.
    pub(crate) fn fits(&self, word: &str) -> bool {
        let mut state = self.start;
        for byte in word.bytes() {
            state = self.dfa.next_state(state, byte);
        }
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }
}

impl Automaton for Fits {
    type State = StateID;

    fn start(&self) -> StateID {
        self.start
    }

    fn is_match(&self, state: &StateID) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(*state))
    }

    fn can_match(&self, state: &StateID) -> bool {
        !self.dfa.is_dead_state(*state)
    }

    fn accept(&self, state: &StateID, byte: u8) -> StateID {
        self.dfa.next_state(*state, byte)
    }
}

/// What a builder's refusal means for who wrote the pattern.
fn told(error: &dense::BuildError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = std::error::Error::source(cause) {
        cause = deeper;
    }
    let text = cause.to_string();
    if text.contains("limit") {
        return "the pattern is too large: it would need too big an automaton".into();
    }
    // The last line says what is wrong; those before it draw the pattern.
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// The expression for a wildcard.
fn of_wildcard(text: &str) -> String {
    let mut out = String::new();
    for (number, piece) in text.split('*').enumerate() {
        if number > 0 && !out.ends_with(".*") {
            out.push_str(".*");
        }
        for c in crate::tokenizer::keyword(piece).chars() {
            if c.is_ascii_punctuation() {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// The expression in lower case, as the words of the dictionary are; `\S` and its like stay.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend(c.to_lowercase());
            continue;
        }
        out.push(c);
        let Some(escaped) = chars.next() else { break };
        out.push(escaped);
        let takes_name = matches!(escaped, 'p' | 'P' | 'x' | 'u' | 'U') && chars.peek() == Some(&'{');
        while takes_name && let Some(inner) = chars.next() {
            out.push(inner);
            if inner == '}' {
                break;
            }
        }
    }
    out
}

/// Documents with a word that fits.
#[derive(Clone)]
pub(crate) struct PatternQuery {
    fits: Arc<Fits>,
    field: Field,
}

impl PatternQuery {
    pub(crate) fn new(fits: Arc<Fits>, field: Field) -> Self {
        Self { fits, field }
    }
}

impl std::fmt::Debug for PatternQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PatternQuery").field("field", &self.field).finish_non_exhaustive()
    }
}

impl Query for PatternQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(AutomatonWeight::<Fits>::new(self.field, Arc::clone(&self.fits))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: Pattern, fitting: &[&str], others: &[&str]) {
        let fits = Fits::new(&pattern).expect("a good pattern");
        for word in fitting {
            assert!(fits.fits(word), "{pattern:?} fits {word}");
        }
        for word in others {
            assert!(!fits.fits(word), "{pattern:?} does not fit {word}");
        }
    }

    #[test]
    fn a_pattern_fits_whole_words() {
        check(
            Pattern::Wildcard("*CAST*le".into()),
            &["castle", "newcastle", "castxle"],
            &["castles", "cast"],
        );
        check(Pattern::Wildcard("a.b*".into()), &["a.b", "a.bc"], &["axb"]);
        check(Pattern::Regex("a|ab".into()), &["a", "ab"], &["abc", "b", ""]);
        check(Pattern::Regex("Dra(g|c)on\\S*".into()), &["dragon", "dracons"], &["dragon x", "adragon"]);
        check(Pattern::Regex("^c.t$".into()), &["cat", "cöt"], &["cart"]);
        check(Pattern::Regex("\\p{Han}+".into()), &["猫"], &["cat"]);
    }

    #[test]
    fn what_is_too_large_or_wrong_is_refused() {
        for text in ["(", "[z-a]", "a{1000}{1000}", "((a?){100}){100}", "(\\w?){50}", "\\b", "(?<x", "\\"] {
            assert!(Fits::new(&Pattern::Regex(text.into())).is_err(), "{text}");
        }
        let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
        assert!(Fits::new(&Pattern::Regex(deep)).is_err());
    }
}
