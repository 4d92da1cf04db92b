//! `show`: everything known about one image.

use std::fmt::Write as _;

use serde::Serialize;
use stemmata::catalog::NamedImage;
use stemmata::entity::{Dialect, HexHash, ImageName, MetaState, PostId, ResourceKind, Timestamp, VersionId};
use stemmata::link::{self, Trace, TraceResource};

use super::args::ShowArgs;
use super::escape::{lines, one_line};
use super::exit::Exit;
use super::failure::Outcome;
use super::names::called;
use super::output::{SCHEMA, Supported};
use super::session::Session;
use super::terminal::Terminal;
use super::{history, target, trace};

/// Prints the image.
pub(crate) fn run(arguments: &ShowArgs, session: &Session) -> Outcome {
    if arguments.history {
        return history::run(&arguments.target, session);
    }
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let found = target::image(&catalog, &arguments.target)?;
    let Some(image) = catalog.named_image(found.key)? else { return Err(target::unknown(&arguments.target)) };
    let trace = link::trace(&catalog, &arguments.target, found.key, found.via, None)?;
    sink.document(&Shown::new(&arguments.target, image, &trace), |shown, terminal| {
        shown.text(&trace, terminal)
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Shown<'a> {
    schema: u32,
    target: &'a str,
    #[serde(serialize_with = "called")]
    image: ImageName,
    media: String,
    source: &'static str,
    url: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    created_at: Option<Timestamp>,
    username: Option<String>,
    post: Option<PostId>,
    base_model: Option<String>,
    tags: Vec<String>,
    generation: Generation,
    claims: Vec<Claim>,
    links: Vec<Link<'a>>,
    fingerprints: Fingerprints,
    warnings: Vec<&'static str>,
}

#[derive(Serialize)]
struct Generation {
    prompt: Option<String>,
    negative_prompt: Option<String>,
    sampler: Option<String>,
    scheduler: Option<String>,
    steps: Option<u32>,
    cfg: Option<f64>,
    seed: Option<i64>,
    width: Option<u32>,
    height: Option<u32>,
    clip_skip: Option<u32>,
    denoise: Option<f64>,
    model: Option<String>,
    model_hash: Option<String>,
    tool: Option<String>,
    tool_version: Option<String>,
    resources: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    kind: &'static str,
    name: Option<String>,
    weight: Option<f64>,
    hash: Option<HexHash>,
    version: Option<VersionId>,
}

/// A kind of document that described the image.
#[derive(Serialize)]
struct Claim {
    source: &'static str,
    dialect: &'static str,
}

#[derive(Serialize)]
struct Link<'a> {
    resource: Named,
    version: VersionId,
    evidence: &'static str,
    raw: &'a str,
    confidence: f64,
    rank: u32,
}

#[derive(Serialize)]
struct Fingerprints {
    blurhash: Option<String>,
}

impl<'a> Shown<'a> {
    fn new(target: &'a str, image: NamedImage, trace: &'a Trace) -> Self {
        let row = image.row;
        let data = row.generation_data;
        let claims = Dialect::ALL
            .into_iter()
            .filter(|dialect| row.dialects & (1 << dialect.code()) != 0)
            .map(|dialect| Claim { source: image.name.source(), dialect: dialect_word(dialect) })
            .collect();
        let generation = Generation {
            prompt: data.prompt,
            negative_prompt: data.negative_prompt,
            sampler: data.sampler,
            scheduler: data.scheduler,
            steps: data.steps,
            cfg: data.cfg,
            seed: data.seed,
            width: data.width,
            height: data.height,
            clip_skip: data.clip_skip,
            denoise: data.denoise,
            model: data.model,
            model_hash: data.model_hash,
            tool: data.tool,
            tool_version: data.tool_version,
            resources: trace.resources.iter().map(named).collect(),
        };
        Self {
            schema: SCHEMA,
            target,
            media: image.media.to_string(),
            source: image.name.source(),
            url: row.url,
            width: image.width,
            height: image.height,
            created_at: row.created_at,
            username: row.username,
            post: row.post,
            base_model: row.base_model,
            tags: row.tags,
            generation,
            claims,
            links: trace.resources.iter().flat_map(links_of).collect(),
            fingerprints: Fingerprints { blurhash: image.blurhash },
            warnings: warning(row.meta).into_iter().collect(),
            image: image.name,
        }
    }

    fn text(&self, trace: &Trace, terminal: Terminal) -> String {
        let mut text = trace::text(trace, terminal.paint);
        let generation = &self.generation;
        let size = |width: Option<u32>, height: Option<u32>| {
            width.zip(height).map(|(width, height)| format!("{width}x{height}"))
        };
        let facts = [
            ("source", Some(self.source.to_owned())),
            ("url", self.url.clone()),
            ("media", Some(self.media.clone())),
            ("size", size(self.width, self.height)),
            ("created", self.created_at.map(|moment| moment.to_string())),
            ("user", self.username.clone()),
            ("post", self.post.map(|post| post.to_string())),
            ("base model", self.base_model.clone()),
            ("tags", (!self.tags.is_empty()).then(|| self.tags.join(", "))),
            ("model", generation.model.clone()),
            ("sampler", generation.sampler.clone()),
            ("scheduler", generation.scheduler.clone()),
            ("steps", generation.steps.map(|steps| steps.to_string())),
            ("cfg", generation.cfg.map(|cfg| cfg.to_string())),
            ("seed", generation.seed.map(|seed| seed.to_string())),
            ("clip skip", generation.clip_skip.map(|layers| layers.to_string())),
            ("denoise", generation.denoise.map(|strength| strength.to_string())),
            ("generated at", size(generation.width, generation.height)),
            ("tool", generation.tool.clone()),
            ("tool version", generation.tool_version.clone()),
            ("blurhash", self.fingerprints.blurhash.clone()),
        ];
        text.push_str(&format!("{}\n", terminal.paint.bold("facts")));
        for (name, value) in facts {
            if let Some(value) = value {
                writeln!(text, "  {name:<12} {}", one_line(&value)).expect("writing to a string cannot fail");
            }
        }
        for (name, words) in
            [("prompt", &generation.prompt), ("negative prompt", &generation.negative_prompt)]
        {
            if let Some(words) = words {
                text.push_str(&format!("{}\n", terminal.paint.bold(name)));
                for line in lines(words).lines() {
                    writeln!(text, "  {line}").expect("writing to a string cannot fail");
                }
            }
        }
        text
    }
}

fn named(resource: &TraceResource) -> Named {
    Named {
        kind: ResourceKind::as_str(resource.kind),
        name: resource.name.clone(),
        weight: resource.weight,
        hash: resource.hash.clone(),
        version: resource.links.first().filter(|link| link.rank == 1).map(|link| link.version),
    }
}

fn links_of(resource: &TraceResource) -> impl Iterator<Item = Link<'_>> {
    resource.links.iter().map(|link| Link {
        resource: named(resource),
        version: link.version,
        evidence: link.evidence.as_str(),
        raw: &link.raw,
        confidence: link.confidence.as_f64(),
        rank: link.rank,
    })
}

fn warning(state: MetaState) -> Option<&'static str> {
    match state {
        MetaState::Present => None,
        MetaState::Hidden => Some("its generation data was withdrawn, or its owner hides it"),
        MetaState::Null | MetaState::Withheld => Some("the site has no generation data for it"),
        MetaState::NotSaid => Some("no document with generation data was seen yet"),
    }
}

fn dialect_word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Index => "image index",
        Dialect::Database => "image database",
        Dialect::VersionImage => "version image",
        Dialect::Document => "document",
    }
}
