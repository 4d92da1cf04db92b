//! What can be printed of a hit, by name: for `--fields` and `--template`.

use stemmata::entity::Traits;
use stemmata::search::FoundImage;

use super::super::names;
use super::super::output::Column;

/// One thing that can be printed of a hit.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Other names that mean the same.
    aliases: &'static [&'static str],
    /// What it is, for the help page.
    pub(crate) about: &'static str,
    /// Its column in a table.
    pub(crate) column: Column,
    get: fn(&FoundImage) -> Option<String>,
}

impl Field {
    /// Its text; empty where it is not known.
    pub(crate) fn text(&self, hit: &FoundImage) -> String {
        (self.get)(hit).unwrap_or_default()
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

macro_rules! field {
    ($name:literal $(| $alias:literal)*, $kind:ident, $about:literal, $get:expr) => {
        Field { name: $name, aliases: &[$($alias),*], about: $about, column: Column::$kind($name), get: $get }
    };
}

/// Every field, in the order of the help page.
pub(crate) const FIELDS: &[Field] = &[
    field!("image" | "id", right, "the site's number, a path or a URL", |hit| Some(
        hit.image.name.to_string()
    )),
    field!("prompt" | "p", flexible, "the prompt", |hit| hit.image.row.generation_data.prompt.clone()),
    field!("negative" | "negative_prompt" | "neg", flexible, "the negative prompt", |hit| {
        hit.image.row.generation_data.negative_prompt.clone()
    }),
    field!("model", secondary, "the checkpoint: its linked version, else as written", model),
    field!("model_written", secondary, "the checkpoint as the metadata has it", |hit| {
        hit.image.row.generation_data.model.clone()
    }),
    field!("version", right, "the number of the checkpoint's version, if it is linked", |hit| {
        text(hit.checkpoint.as_ref().map(|linked| linked.version))
    }),
    field!("base" | "base_model", left, "the base model", |hit| hit.image.row.base_model.clone()),
    field!("sampler", left, "the sampler", |hit| hit.image.row.generation_data.sampler.clone()),
    field!("scheduler", left, "the scheduler", |hit| hit.image.row.generation_data.scheduler.clone()),
    field!("steps", right, "sampling steps", |hit| text(hit.image.row.generation_data.steps)),
    field!("cfg", right, "guidance scale", |hit| text(hit.image.row.generation_data.cfg)),
    field!("seed", right, "the seed", |hit| text(hit.image.row.generation_data.seed)),
    field!("denoise", right, "denoising strength", |hit| text(hit.image.row.generation_data.denoise)),
    field!("clipskip" | "clip_skip", right, "skipped layers of the text encoder", |hit| {
        text(hit.image.row.generation_data.clip_skip)
    }),
    field!(
        "hires",
        right,
        "how many times larger the stored picture is than the one generated first",
        |hit| {
            let percent = hit.image.row.generation_data.upscale_percent(hit.image.width, hit.image.height);
            text(percent.map(|percent| f64::from(percent) / 100.0))
        }
    ),
    field!("workflow", left, "`yes` where a graph of nodes is kept with it", |hit| said(
        hit,
        Traits::WORKFLOW
    )),
    field!("c2pa", left, "`yes` where content credentials stand in the file; unverified", |hit| {
        said(hit, Traits::C2PA)
    }),
    field!("trained", left, "`yes` where the file declares that a trained algorithm made it", |hit| {
        said(hit, Traits::TRAINED)
    }),
    field!("tool", left, "what made it", |hit| hit.image.row.generation_data.tool.clone()),
    field!("size", left, "width x height", size),
    field!("width", right, "pixels across", |hit| text(hit.image.width)),
    field!("height", right, "pixels down", |hit| text(hit.image.height)),
    field!("type", left, "image, video ...", |hit| text(hit.image.row.media_type.map(|kind| kind.as_str()))),
    field!("user" | "username", secondary, "who posted it", |hit| hit.image.row.username.clone()),
    field!("post", right, "the post that holds it", |hit| text(hit.image.row.post)),
    field!("date" | "created_at", left, "when it was made or posted", |hit| {
        text(hit.image.row.created_at.or(hit.image.row.published_at))
    }),
    field!("likes", right, "likes", |hit| text(hit.image.row.stats.map(|stats| stats.likes))),
    field!("reactions", right, "reactions of all good kinds", |hit| {
        text(hit.image.row.stats.map(|stats| stats.reactions()))
    }),
    field!("comments", right, "comments", |hit| text(hit.image.row.stats.map(|stats| stats.comments))),
    field!("tags", flexible, "tags of the image, with commas", |hit| {
        Some(hit.image.row.tags.join(", ")).filter(|tags| !tags.is_empty())
    }),
    field!("url", flexible, "the URL as received", |hit| hit.image.row.url.clone()),
    field!("path", flexible, "the path of a local file", |hit| names::path(&hit.image.name).0),
    field!("missing", left, "`missing` for a local file that the last scan did not find", |hit| {
        hit.missing.then(|| "missing".to_owned())
    }),
    field!("source", left, "civitai, url or local", |hit| Some(hit.image.name.source().to_owned())),
    field!("media", left, "what identifies the stored bytes", |hit| Some(hit.image.media.to_string())),
    field!("blurhash", left, "the BlurHash", |hit| hit.image.blurhash.clone()),
    field!("score", right, "how well the words match", |hit| text(hit.score)),
];

/// The columns of a table, of CSV and of TSV unless somebody says otherwise.
pub(crate) const USUAL: [&str; 7] = ["image", "prompt", "model", "sampler", "steps", "size", "user"];

/// All of them with what they are, for the help page.
pub(crate) fn help() -> String {
    let mut text = String::from("Fields of --fields and --template ({json} is the whole record there):\n");
    for field in FIELDS {
        text.push_str(&format!("  {:<14} {}\n", field.name, field.about));
    }
    text
}

/// `yes` for what the metadata hold; nothing for what they do not, or nobody looked for.
fn said(hit: &FoundImage, wanted: Traits) -> Option<String> {
    let traits = hit.image.row.generation_data.traits?;
    traits.has(wanted).then(|| "yes".to_owned())
}

fn model(hit: &FoundImage) -> Option<String> {
    let linked = hit.checkpoint.as_ref().map(stemmata::catalog::LinkedName::title);
    linked.or_else(|| hit.image.row.generation_data.model.clone())
}

fn size(hit: &FoundImage) -> Option<String> {
    let (width, height) = hit.image.width.zip(hit.image.height)?;
    Some(format!("{width}x{height}"))
}

/// The field of this name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| {
        let mut names = std::iter::once(&field.name).chain(field.aliases);
        names.any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The name that `wrong` may have meant.
pub(crate) fn nearest(wrong: &str) -> Option<&'static str> {
    let names =
        FIELDS.iter().flat_map(|field| std::iter::once(field.name).chain(field.aliases.iter().copied()));
    near(wrong, names)
}

/// The first of the names that lie closest to `wrong`, if one is at most two changes away.
pub(crate) fn near<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wrong: Vec<char> = wrong.chars().take(32).flat_map(char::to_lowercase).collect();
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let distance = changes(&wrong, name);
        if distance <= 2 && distance < wrong.len() && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// How many characters to insert, delete or replace.
fn changes(from: &[char], to: &str) -> usize {
    let mut above: Vec<usize> = (0..=from.len()).collect();
    for (row, wanted) in to.chars().enumerate() {
        let mut left = row + 1;
        let mut corner = row;
        above[0] = left;
        for (column, found) in from.iter().enumerate() {
            let replaced = corner + usize::from(*found != wanted);
            corner = above[column + 1];
            left = replaced.min(corner + 1).min(left + 1);
            above[column + 1] = left;
        }
    }
    above[from.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let mut names: Vec<&str> = FIELDS
            .iter()
            .flat_map(|field| std::iter::once(field.name).chain(field.aliases.iter().copied()))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), all > 35), (all, true));
        assert!(USUAL.iter().all(|name| find(name).is_some()));
    }

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        assert_eq!(nearest("promt"), Some("prompt"));
        assert_eq!(nearest("Modell"), Some("model"));
        assert_eq!(nearest("x"), None);
        assert_eq!(nearest("something"), None);
    }
}
