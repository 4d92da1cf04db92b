//! What sets two images apart, field by field, prompts by word.

use serde::Serialize;

use super::document::{self, NamedResource, generation};
use super::subject::Subject;
use super::text::resource_line;
use super::words::{Run, Side, compare};
use crate::cli::escape::{cell, one_line};
use crate::cli::names::called;
use crate::cli::output::SCHEMA;
use crate::cli::terminal::Terminal;

/// How two images differ.
#[derive(Serialize)]
pub(super) struct Difference<'a> {
    schema: u32,
    a: Named<'a>,
    b: Named<'a>,
    /// Whether both have the same bytes; null where that is not known.
    same_bytes: Option<bool>,
    /// Fields in which they differ.
    fields: Vec<Field>,
    /// How many fields both have, and alike.
    same_fields: usize,
    /// Prompts that differ, word by word.
    prompts: Vec<Prompt>,
    resources: Resources<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    target: &'a str,
    #[serde(serialize_with = "called")]
    image: stemmata::entity::ImageName,
}

#[derive(Serialize)]
struct Field {
    field: &'static str,
    a: Option<String>,
    b: Option<String>,
}

#[derive(Serialize)]
struct Prompt {
    field: &'static str,
    words: Vec<Run>,
}

#[derive(Serialize)]
struct Resources<'a> {
    only_a: Vec<NamedResource<'a>>,
    only_b: Vec<NamedResource<'a>>,
    changed: Vec<Changed<'a>>,
    same: usize,
}

/// The same resource with another weight.
#[derive(Serialize)]
struct Changed<'a> {
    a: NamedResource<'a>,
    b: NamedResource<'a>,
}

impl<'a> Difference<'a> {
    /// Compares two images.
    pub(super) fn new(pair: &'a [Subject; 2]) -> Self {
        let [one, other] = pair;
        let (fields, same_fields) = fields(one, other);
        let content = one.content.zip(other.content).map(|(one, other)| one == other);
        Self {
            schema: SCHEMA,
            a: named(one),
            b: named(other),
            same_bytes: content,
            fields,
            same_fields,
            prompts: prompts(one, other),
            resources: Resources::of(one, other),
        }
    }

    /// The answer for people.
    pub(super) fn text(&self, terminal: Terminal) -> String {
        let paint = terminal.paint;
        let mut text = format!("{}\n", paint.bold(&format!("- {}", one_line(self.a.target))));
        text.push_str(&format!("{}\n", paint.bold(&format!("+ {}", one_line(self.b.target)))));
        if self.same_bytes == Some(true) {
            text.push_str("both files have the same bytes\n");
        }
        for field in &self.fields {
            let shown = |value: &Option<String>| value.as_deref().map_or("-".into(), cell).into_owned();
            text.push_str(&format!("  {:<16} {} -> {}\n", field.field, shown(&field.a), shown(&field.b)));
        }
        for prompt in &self.prompts {
            text.push_str(&format!("{}\n  {}\n", paint.bold(prompt.field), told(&prompt.words)));
        }
        self.resources.push(&mut text, terminal);
        let same = self.same_fields + self.resources.same;
        let all = self.fields.is_empty() && self.prompts.is_empty() && self.resources.is_same();
        text.push_str(&match (all, same) {
            (true, 0) => "neither says how it was made\n".to_owned(),
            (true, _) => format!("no difference in {same} fields and resources\n"),
            (false, _) => format!("the same in {same} more fields and resources\n"),
        });
        text
    }
}

/// `a [-castle-] {+tower+} in fog`, as `git diff --word-diff` has it; long stretches that are the same are cut.
fn told(runs: &[Run]) -> String {
    let part = |run: &Run| match run.op {
        Side::Same => shortened(&run.text),
        Side::Removed => format!("[-{}-]", cell(&run.text)),
        Side::Added => format!("{{+{}+}}", cell(&run.text)),
    };
    runs.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// Words shown at either end of a long stretch.
const WORDS_SHOWN: usize = 6;

fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let (first, last) = (words.get(..WORDS_SHOWN), words.len().checked_sub(WORDS_SHOWN));
    match (first, last.and_then(|start| words.get(start..))) {
        (Some(first), Some(last)) if words.len() > 3 * WORDS_SHOWN => {
            format!("{} ... {}", cell(&first.join(" ")), cell(&last.join(" ")))
        }
        _ => cell(text).into_owned(),
    }
}

fn named(subject: &Subject) -> Named<'_> {
    Named { target: &subject.target, image: subject.name.clone() }
}

fn fields(one: &Subject, other: &Subject) -> (Vec<Field>, usize) {
    let mut same = 0;
    let mut differing = Vec::new();
    for ((field, a), (_, b)) in values(one).into_iter().zip(values(other)) {
        if a != b {
            differing.push(Field { field, a, b });
        } else if a.is_some() {
            same += 1;
        }
    }
    (differing, same)
}

/// Every field but the prompts, by the names of the machine contract.
fn values(subject: &Subject) -> Vec<(&'static str, Option<String>)> {
    fn text<T: ToString>(value: Option<T>) -> Option<String> {
        value.map(|value| value.to_string())
    }
    let data = generation(subject);
    let shown = document::Shown::new(subject, false);
    vec![
        ("stored_width", text(shown.width)),
        ("stored_height", text(shown.height)),
        ("container", shown.file.and_then(|file| file.container).map(str::to_owned)),
        ("sampler", data.sampler.clone()),
        ("scheduler", data.scheduler.clone()),
        ("steps", text(data.steps)),
        ("cfg", text(data.cfg)),
        ("seed", text(data.seed)),
        ("width", text(data.width)),
        ("height", text(data.height)),
        ("clip_skip", text(data.clip_skip)),
        ("denoise", text(data.denoise)),
        ("model", data.model.clone()),
        ("model_hash", data.model_hash.clone()),
        ("tool", data.tool.clone()),
        ("tool_version", data.tool_version.clone()),
    ]
}

fn prompts(one: &Subject, other: &Subject) -> Vec<Prompt> {
    let (one, other) = (generation(one), generation(other));
    let pairs = [
        ("prompt", &one.prompt, &other.prompt),
        ("negative_prompt", &one.negative_prompt, &other.negative_prompt),
    ];
    pairs
        .into_iter()
        .filter(|(_, one, other)| one != other)
        .map(|(field, one, other)| Prompt {
            field,
            words: compare(one.as_deref().unwrap_or_default(), other.as_deref().unwrap_or_default()),
        })
        .filter(|prompt| prompt.words.iter().any(|run| run.op != Side::Same))
        .collect()
}

impl<'a> Resources<'a> {
    fn of(one: &'a Subject, other: &'a Subject) -> Self {
        let mut only_b = document::resources(other);
        let (mut only_a, mut changed, mut same) = (Vec::new(), Vec::new(), 0);
        for a in document::resources(one) {
            match only_b.iter().position(|b| is_same(&a, b)).map(|place| only_b.remove(place)) {
                None => only_a.push(a),
                Some(b) if a.weight == b.weight => same += 1,
                Some(b) => changed.push(Changed { a, b }),
            }
        }
        Self { only_a, only_b, changed, same }
    }

    fn is_same(&self) -> bool {
        self.only_a.is_empty() && self.only_b.is_empty() && self.changed.is_empty()
    }

    fn push(&self, text: &mut String, terminal: Terminal) {
        if self.is_same() {
            return;
        }
        text.push_str(&format!("{}\n", terminal.paint.bold("resources")));
        for resource in &self.only_a {
            text.push_str(&format!("  - {}\n", resource_line(resource)));
        }
        for resource in &self.only_b {
            text.push_str(&format!("  + {}\n", resource_line(resource)));
        }
        for Changed { a, b } in &self.changed {
            let weight = |weight: Option<f64>| weight.map_or("none".to_owned(), |weight| weight.to_string());
            let name = one_line(a.name.unwrap_or("without a name"));
            let (before, after) = (weight(a.weight), weight(b.weight));
            text.push_str(&format!("    {:<10} {name}, weight {before} -> {after}\n", a.kind));
        }
    }
}

/// Whether two references name the same thing as far as they say: a version decides, then a hash, then the name.
fn is_same(a: &NamedResource<'_>, b: &NamedResource<'_>) -> bool {
    if let (Some(a), Some(b)) = (a.version, b.version) {
        return a == b;
    }
    if let (Some(a), Some(b)) = (a.hash, b.hash) {
        return a == b;
    }
    a.kind == b.kind && a.name.is_some() && a.name == b.name
}
