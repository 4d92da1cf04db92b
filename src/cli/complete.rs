//! What may stand at the cursor: fields, values that the index and the catalog have, saved queries.
//!
//! - In: the word at the cursor, and the line from the program's own arguments.
//! - Out: at most [`MOST`] candidates. Trouble of any kind is no candidates, and nothing is printed.
//! - Never: a scan of images: only dictionaries and sorted names are looked at.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::CompletionCandidate;
use stemmata::catalog::{Access, Catalog};
use stemmata::search::names_beginning;
use stemmata_index::Reader;
use stemmata_index::query::{
    COPY_CLASSES, FieldInfo, Grouping, KeywordField, SORT_WORDS, Share, State, fields,
};

use super::config::Config;
use super::query_words;
use super::settings;
use super::topics::TOPICS;

/// Most candidates.
const MOST: usize = 64;

/// The topics of `help`.
pub(crate) fn topic(current: &OsStr) -> Vec<CompletionCandidate> {
    let begins = current.to_string_lossy();
    let known = TOPICS.iter().filter(|(name, _)| name.starts_with(&*begins));
    known.map(|(name, about)| CompletionCandidate::new(*name).help(Some((*about).into()))).collect()
}

/// A word of a query.
pub(crate) fn query_word(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let Ok(current) = query_words::unprotect(current);
    let current = current.as_str();
    let line: Vec<String> = std::env::args().collect();
    // A shell that breaks words at colons hands the field over as words of their own.
    if let Some(field) = field_before(&line, current) {
        let value = if current == ":" { "" } else { current };
        if field == "not" {
            return candidates(value, &line);
        }
        return values(&field, value, &line).into_iter().map(CompletionCandidate::new).collect();
    }
    candidates(current, &line)
}

fn candidates(current: &str, line: &[String]) -> Vec<CompletionCandidate> {
    if current.starts_with("--") {
        return Vec::new();
    }
    // A query in quotes is one word to the shell; its last one is completed. The quote is the shell's.
    if let Some(at) = current.rfind(' ') {
        let (before, last) = current.split_at(at + 1);
        let before = before.strip_prefix(['"', '\'']).unwrap_or(before);
        return candidates(last, line).into_iter().map(|candidate| candidate.add_prefix(before)).collect();
    }
    let bare = current.trim_start_matches(['-', '(']);
    let sign = current.len() - bare.strip_prefix("not:").unwrap_or(bare).len();
    let (sign, word) = current.split_at(sign);
    if let Some((field, value)) = word.split_once(':') {
        let (listed, value) = value.rsplit_once(',').map_or(("", value), |(listed, value)| (listed, value));
        let comma = if listed.is_empty() { "" } else { "," };
        let whole = |value: String| CompletionCandidate::new(format!("{sign}{field}:{listed}{comma}{value}"));
        return values(field, value, line).into_iter().map(whole).collect();
    }
    if let Some(name) = word.strip_prefix('@') {
        let aliases = home(line).and_then(|home| Config::of(&home).ok()).unwrap_or_default().aliases;
        let known = aliases.into_iter().filter(|(alias, _)| alias.starts_with(name)).take(MOST);
        let whole = |(alias, query): (String, String)| {
            CompletionCandidate::new(format!("{sign}@{alias}")).help(Some(query.into()))
        };
        return known.map(whole).collect();
    }
    let is_known = |field: &FieldInfo| !field.examples.is_empty() && field.name.starts_with(word);
    let whole = |field: FieldInfo| {
        CompletionCandidate::new(format!("{sign}{}:", field.name)).help(Some(field.about.into()))
    };
    fields().filter(is_known).map(whole).collect()
}

/// The field of a value that the shell broke off, from the words before the cursor.
fn field_before(line: &[String], current: &str) -> Option<String> {
    let words = line.iter().position(|word| word == "--").map(|at| &line[at + 1..])?;
    let at: usize = std::env::var("_CLAP_COMPLETE_INDEX").ok()?.parse().ok()?;
    let word = |back: usize| at.checked_sub(back).and_then(|at| words.get(at)).map(String::as_str);
    let field = match (word(0), word(1)) {
        (Some(":"), field) if current.is_empty() || current == ":" => field?,
        (_, Some(":")) => word(2)?,
        _ => return None,
    };
    let bare = field.trim_start_matches(['-', '(']);
    Some(bare.strip_prefix("not:").unwrap_or(bare).to_owned())
}

/// What may stand after a field.
fn values(field: &str, begins: &str, line: &[String]) -> Vec<String> {
    let Some(field) =
        fields().find(|known| known.name == field || known.aliases.contains(&field)).map(|field| field.name)
    else {
        return Vec::new();
    };
    let begins = begins.trim_start_matches('"');
    let lower = begins.to_lowercase();
    let fixed = |words: &[&str]| -> Vec<String> {
        words.iter().filter(|word| word.starts_with(&lower)).map(|word| (*word).to_owned()).collect()
    };
    match field {
        "is" => {
            let states: Vec<&str> =
                State::ALL.map(State::as_str).into_iter().chain(["local", "remote"]).collect();
            fixed(&states)
        }
        "linked" => fixed(&Share::ALL.map(Share::as_str)),
        "class" => fixed(&COPY_CLASSES),
        "via" => fixed(&stemmata::entity::Evidence::ALL.map(stemmata::entity::Evidence::as_str)),
        "nsfw" => fixed(&["none", "soft", "mature", "x", "blocked", "unrated"]),
        "hires" | "workflow" | "trained" => fixed(&["yes", "no", "none"]),
        "c2pa" => fixed(&["present", "absent", "none"]),
        "size" => fixed(&["landscape", "portrait", "square", "16:9", "1024x1024"]),
        "type" => fixed(&["image", "video", "audio", "other"]),
        "source" => fixed(&["civitai", "url", "local", "trained"]),
        "sort" => {
            let column = lower.trim_start_matches(['-', '+']);
            let direction = &lower[..lower.len() - column.len()];
            let known = SORT_WORDS.into_iter().filter(|word| word.starts_with(column));
            known.map(|word| format!("{direction}{word}")).collect()
        }
        "group" => fixed(&Grouping::ALL.map(Grouping::as_str)),
        "date" | "mtime" | "seen" => fixed(&["today", "yesterday", "-7d..", "-30d.."]),
        "age" => fixed(&["<1d", "<7d", "<30d", ">1y"]),
        "has" => {
            let known: Vec<&str> =
                fields().filter(|field| field.takes_none).map(|field| field.name).collect();
            let known: Vec<&str> = known.into_iter().filter(|name| *name != "has").chain(["meta"]).collect();
            fixed(&known)
        }
        "sampler" => keywords(KeywordField::Sampler, begins, line),
        "scheduler" => keywords(KeywordField::Scheduler, begins, line),
        "base" => keywords(KeywordField::Base, begins, line),
        "tool" => keywords(KeywordField::Tool, begins, line),
        "user" => keywords(KeywordField::User, begins, line),
        _ => names(field, begins, line),
    }
}

/// Values that the index has.
fn keywords(field: KeywordField, begins: &str, line: &[String]) -> Vec<String> {
    let Some(home) = home(line) else { return Vec::new() };
    let Ok(reader) = Reader::open(&settings::index_of(&home)) else { return Vec::new() };
    let found = reader.keywords(field, begins, MOST).unwrap_or_default();
    // A star stands for the space that a shell would break at.
    found.into_iter().filter(|word| is_harmless(word)).map(|word| word.replace(' ', "*")).collect()
}

/// Names that the catalog has.
fn names(field: &str, begins: &str, line: &[String]) -> Vec<String> {
    let Some(home) = home(line) else { return Vec::new() };
    let Ok(catalog) = Catalog::open(&settings::catalog_of(&home), Access::Read) else { return Vec::new() };
    let found = names_beginning(&catalog, field, &begins.replace('_', " "), MOST).unwrap_or_default();
    // Underscores are spaces to the words of a name.
    found.into_iter().filter(|name| is_harmless(name)).map(|name| name.replace(' ', "_")).collect()
}

/// Whether a shell takes it as it is, but for spaces.
fn is_harmless(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || " _-.+".contains(c))
}

/// The home that the line, the environment or the platform names.
fn home(line: &[String]) -> Option<PathBuf> {
    let mut words = line.iter().skip_while(|word| *word != "--").skip(1);
    while let Some(word) = words.next() {
        if word == "--home" {
            return words.next().map(PathBuf::from);
        }
        if let Some(home) = word.strip_prefix("--home=") {
            return Some(home.into());
        }
    }
    settings::usual_home()
}
