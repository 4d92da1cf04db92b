//! The table of fields: what a query can ask about, with the words of the help pages.

use super::field::{IntegerField, KeywordField, Presence, RealField, ResourceField, TextField};

/// What a field name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text(TextField),
    Chunk(TextField),
    Keyword(KeywordField),
    Integer(IntegerField),
    Real(RealField),
    /// Said or not: `yes` or `no`.
    Trait(Presence),
    Workflow,
    Date,
    Age,
    Size,
    Resource(ResourceField),
    ResourceIds,
    Uses(ResourceField),
    Has,
    Is,
    Ask(AskKind),
    Sort,
    Limit,
    /// Control: what makes hits one line.
    Group,
    /// Planned, and not in the index yet.
    Later,
}

/// What the caller's store is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskKind {
    Path,
    Root,
    Extension,
    FileSize,
    Modified,
    Seen,
    Linked,
    Via,
    Confidence,
    Descends,
    Like,
    CopyOf,
    Class,
    Raw,
    Blur,
}

/// The groups of the help page, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldGroup {
    /// Texts.
    Text,
    /// How the picture was made.
    Generation,
    /// Its form.
    Picture,
    /// With which resources.
    Resources,
    /// What is known of their origin.
    Links,
    /// Where and by whom it was posted.
    Posting,
    /// Files of this machine.
    Files,
    /// Dates.
    Time,
    /// Copies and look-alikes.
    Kinship,
    /// What is known at all.
    Presence,
    /// How to answer.
    Control,
    /// Planned.
    Later,
}

impl FieldGroup {
    /// Every group, in the order of the help page.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Generation,
        Self::Picture,
        Self::Resources,
        Self::Links,
        Self::Posting,
        Self::Files,
        Self::Time,
        Self::Kinship,
        Self::Presence,
        Self::Control,
        Self::Later,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "Texts",
            Self::Generation => "How it was made",
            Self::Picture => "Form",
            Self::Resources => "Resources (all but the counts take a weight: lora:detail@0.4..0.9)",
            Self::Links => "Links and descent (asked of the catalog at the time of the query)",
            Self::Posting => "Posting",
            Self::Files => "Files of this machine (asked of the catalog)",
            Self::Time => "Time (UTC)",
            Self::Kinship => "Copies and look-alikes (asked of the near index)",
            Self::Presence => "What is known",
            Self::Control => "How to answer",
            Self::Later => "Not indexed yet",
        }
    }
}

/// One field: its name, other names for it, what it stands for, what tells that an image has it, and its help.
pub(crate) struct FieldEntry {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) kind: FieldKind,
    pub(crate) presence: Option<Presence>,
    pub(crate) group: FieldGroup,
    pub(crate) about: &'static str,
    pub(crate) examples: &'static [&'static str],
}

use FieldKind::{
    Age, Ask, Chunk, Date, Group, Has, Integer, Is, Keyword, Later, Limit, Real, Resource, ResourceIds, Size,
    Sort, Text, Trait, Uses, Workflow,
};

macro_rules! fields {
    ($($group:ident { $($name:literal [$($alias:literal),*] $kind:expr, $presence:expr, $about:literal, $($example:literal),*;)* })*) => {
        &[$($(FieldEntry {
            name: $name,
            aliases: &[$($alias),*],
            kind: $kind,
            presence: $presence,
            group: FieldGroup::$group,
            about: $about,
            examples: &[$($example),*],
        },)*)*]
    };
}

/// Every field. The first of those that share a meaning is the one that is printed.
pub(crate) const FIELDS: &[FieldEntry] = fields! {
    Text {
        "prompt" ["p"] Text(TextField::Prompt), Some(Presence::Prompt), "the positive prompt; where bare words search", "prompt:\"castle on a hill\"", "prompt:(castle | tower)";
        "negative" ["neg", "n"] Text(TextField::Negative), Some(Presence::Negative), "the negative prompt, never searched unless named", "-negative:blurry";
        "chunk" ["exact"] Chunk(TextField::Prompt), None, "a tag of the prompt, whole: what stands between two commas", "chunk:\"blue eyes\"";
        "negative_chunk" ["negchunk"] Chunk(TextField::Negative), None, "a tag of the negative prompt, whole", "negative_chunk:\"bad hands\"";
        "any" [] Text(TextField::Any), None, "prompt, negative prompt and names of resources", "any:dragon";
        "raw" [] Ask(AskKind::Raw), None, "the record as received or read, verbatim; looks through all records, some seconds a million", "raw:ADetailer", "raw:\"Hires steps\"";
    }
    Generation {
        "sampler" [] Keyword(KeywordField::Sampler), Some(Presence::Sampler), "sampler, in any program's spelling", "sampler:\"DPM++ 2M Karras\"", "sampler:euler,ddim";
        "scheduler" [] Keyword(KeywordField::Scheduler), Some(Presence::Scheduler), "scheduler", "scheduler:karras";
        "steps" [] Integer(IntegerField::Steps), Some(Presence::Steps), "sampling steps", "steps:20..40";
        "cfg" ["cfgscale"] Real(RealField::Cfg), Some(Presence::Cfg), "guidance scale", "cfg:5..";
        "seed" [] Integer(IntegerField::Seed), Some(Presence::Seed), "seed; a star stands for more digits", "seed:1234567", "seed:123*", "seed:none";
        "clipskip" ["clip_skip"] Integer(IntegerField::ClipSkip), Some(Presence::ClipSkip), "skipped layers of the text encoder", "clipskip:2";
        "denoise" ["denoising"] Real(RealField::Denoise), Some(Presence::Denoise), "denoising strength", "denoise:..0.5";
        "hires" [] Real(RealField::Hires), Some(Presence::Hires), "how many times larger the stored picture is than the one generated first: a number, yes or no", "hires:yes", "hires:1.5..";
        "workflow" [] Workflow, Some(Presence::Workflow), "a graph of nodes is kept with it: yes, no, or a text of its record (as slow as raw:)", "workflow:yes", "workflow:UltimateSDUpscale";
        "tool" [] Keyword(KeywordField::Tool), Some(Presence::Tool), "what made it: a1111, comfyui, forge ...", "tool:comfyui";
        "base" ["basemodel"] Keyword(KeywordField::Base), Some(Presence::Base), "base model as the site calls it", "base:\"SDXL 1.0\"", "base:pony*";
    }
    Picture {
        "size" [] Size, Some(Presence::Width), "width by height, a shape (landscape, portrait, square) or a ratio", "size:512x768", "size:>=1024x1024", "size:landscape", "size:16:9";
        "width" ["w"] Integer(IntegerField::Width), Some(Presence::Width), "pixels across", "width:1024..";
        "height" ["h"] Integer(IntegerField::Height), Some(Presence::Height), "pixels down", "height:..768";
        "mp" ["megapixels"] Real(RealField::Megapixels), None, "millions of pixels", "mp:2..";
        "ratio" ["aspect"] Real(RealField::Ratio), None, "width divided by height; 16:9 allows two hundredths to either side", "ratio:16:9", "ratio:1.2..1.5";
        "type" [] Keyword(KeywordField::Type), Some(Presence::Type), "image, video, audio or other", "type:video";
    }
    Resources {
        "model" ["checkpoint"] Resource(ResourceField::Model), Some(Presence::Model), "checkpoint, by the name in the metadata or of what it is linked to", "model:DreamShaper";
        "lora" [] Resource(ResourceField::Lora), Some(Presence::Lora), "LoRA and its relatives", "lora:detail@0.4..0.9";
        "embedding" ["ti"] Resource(ResourceField::Embedding), Some(Presence::Embedding), "textual inversion", "embedding:easynegative";
        "hypernetwork" ["hypernet"] Resource(ResourceField::Hypernetwork), Some(Presence::Hypernetwork), "hypernetwork", "hypernetwork:anime";
        "vae" [] Resource(ResourceField::Vae), Some(Presence::Vae), "VAE", "vae:none";
        "controlnet" [] Resource(ResourceField::Controlnet), Some(Presence::Controlnet), "ControlNet", "controlnet:depth";
        "upscaler" [] Resource(ResourceField::Upscaler), Some(Presence::Upscaler), "upscaler", "upscaler:*ultrasharp*";
        "resource" [] Resource(ResourceField::Resource), Some(Presence::Resource), "a resource of any kind", "resource:detail";
        "loras" [] Uses(ResourceField::Lora), None, "how many LoRAs", "loras:2..";
        "embeddings" [] Uses(ResourceField::Embedding), None, "how many embeddings", "embeddings:0";
        "resources" [] Uses(ResourceField::Resource), None, "how many resources of any kind", "resources:>5";
        "version" ["versionid"] Resource(ResourceField::Version), None, "version of the site, by number", "version:128713";
        "modelid" ["model_id"] Resource(ResourceField::ModelId), None, "model of the site, by number", "modelid:4384";
        "hash" [] Resource(ResourceField::Hash), None, "beginning of a hash of any kind, at least 4 digits", "hash:879db523c3";
        "air" [] Resource(ResourceField::Air), None, "an AIR", "air:civitai:4384@128713";
        "creator" [] Resource(ResourceField::Creator), None, "who published a resource of it", "creator:Lykon";
        "tag" [] Resource(ResourceField::Tag), None, "a tag of the model of a resource of it", "tag:anime";
        "resource_id" [] ResourceIds, None, "the catalog's own numbers of resources", "resource_id:12,15";
    }
    Links {
        "linked" [] Ask(AskKind::Linked), None, "how many of its resources lead to a version: full, partial, none", "linked:partial";
        "via" [] Ask(AskKind::Via), None, "the evidence that links a resource of it: version_id, air, sha256, autov2, name ...", "via:sha256";
        "confidence" [] Ask(AskKind::Confidence), None, "the confidence of such a link, 0 to 1", "confidence:0.8..";
        "descends" [] Ask(AskKind::Descends), None, "it uses something that descends from a model (its number or name), as headers of local model files say", "descends:4384";
    }
    Posting {
        "id" ["image"] Integer(IntegerField::Id), Some(Presence::Id), "number on the site", "id:9173928";
        "post" [] Integer(IntegerField::Post), Some(Presence::Post), "number of its post", "post:2187463";
        "posted_for" ["postedfor"] Integer(IntegerField::PostedFor), Some(Presence::PostedFor), "a version that it was posted for", "posted_for:128713";
        "user" ["username"] Keyword(KeywordField::User), Some(Presence::User), "who posted it", "user:somebody";
        "nsfw" ["level"] Integer(IntegerField::Nsfw), Some(Presence::Nsfw), "none, soft, mature, x, blocked, unrated, or the site's number", "nsfw:..soft";
        "likes" [] Integer(IntegerField::Likes), Some(Presence::Likes), "likes", "likes:100..";
        "reactions" [] Integer(IntegerField::Reactions), Some(Presence::Reactions), "reactions of all good kinds", "reactions:>=50";
        "comments" [] Integer(IntegerField::Comments), Some(Presence::Comments), "comments", "comments:1..";
        "source" [] Keyword(KeywordField::Source), None, "where it was found: civitai, url or local; source:trained is trained:yes", "source:local";
    }
    Files {
        "path" [] Ask(AskKind::Path), None, "absolute path: a glob, or a folder and all below it", "path:*/outputs/2024-*/**", "path:/home/me/Pictures";
        "root" [] Ask(AskKind::Root), None, "scanned folder, by the end of its path", "root:Pictures";
        "ext" ["extension"] Ask(AskKind::Extension), None, "ending of its name", "ext:png,webp";
        "filesize" [] Ask(AskKind::FileSize), None, "bytes; kB, MB, GB count in thousands, KiB, MiB, GiB in 1024s", "filesize:>2MB";
        "mtime" ["modified"] Ask(AskKind::Modified), None, "when the file was last written", "mtime:-7d..";
        "c2pa" [] Trait(Presence::C2pa), Some(Presence::C2pa), "content credentials stand in the file: present or absent; nothing is verified", "c2pa:present";
        "trained" [] Trait(Presence::Trained), Some(Presence::Trained), "the file declares that a trained algorithm made or edited it: yes or no", "trained:yes";
    }
    Time {
        "date" ["created"] Date, Some(Presence::Date), "when it was made or posted", "date:2024-01..2024-03", "date:-30d..", "date:yesterday";
        "age" [] Age, None, "how long ago that was: h, d, w, mo (30 days), y (365 days)", "age:<7d", "age:1y..2y";
        "seen" ["indexed"] Ask(AskKind::Seen), None, "when the catalog last took something of it", "seen:today";
    }
    Kinship {
        "like" [] Ask(AskKind::Like), None, "looks like an image; ~N says how many bits of the fingerprints may differ", "like:9173928~8";
        "blur" [] Ask(AskKind::Blur), None, "its BlurHash is near that of an image; ~X says how far, 0.05 being near", "blur:9173928~0.1";
        "dupof" [] Ask(AskKind::CopyOf), None, "is a copy of an image", "dupof:9173928";
        "class" [] Ask(AskKind::Class), None, "is in a group of copies of this class: same_bytes, same_pixels, reencode, edited, candidate", "class:reencode";
    }
    Presence {
        "has" [] Has, Some(Presence::Meta), "something is known: has:meta, or any field that takes `none`", "has:seed", "-has:negative";
        "is" [] Is, None, "local, remote, missing, unresolved, ambiguous, taken_down, dup, best, candidate", "is:local", "is:unresolved -is:dup";
    }
    Control {
        "sort" ["order"] Sort, None, "the order: score, date, likes, reactions, comments, steps, cfg, seed, width, height, id ...; - and + say which way", "castle sort:-date", "sort:likes,seed";
        "limit" [] Limit, None, "hits at most", "castle limit:50";
        "group" [] Group, None, "one line for all hits with the same prompt, model, seed, or that are copies: prompt, model, seed, dup", "castle group:prompt";
    }
    Later {
        "caption" [] Later, None, "captions of sidecars: a text that is only a caption is kept in the record, where raw: finds it",;
        "as_of" ["asof", "as-of"] Later, None, "the catalog as it was: the index shows its last generation only",;
    }
};

/// The field with this name or alias; case does not matter.
pub(crate) fn find(name: &str) -> Option<&'static FieldEntry> {
    FIELDS.iter().find(|field| {
        field.name.eq_ignore_ascii_case(name)
            || field.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// The name that is printed for a field.
pub(crate) fn name_of(kind: FieldKind) -> &'static str {
    FIELDS.iter().find(|field| field.kind == kind).map_or("", |field| field.name)
}

/// The word for a presence after `has:`, which before `:none` is the name of its field.
pub(crate) fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Meta => "meta",
        Presence::Width => "width",
        other => FIELDS.iter().find(|field| field.presence == Some(other)).map_or("", |field| field.name),
    }
}

/// Reads the word after `has:`.
pub(crate) fn presence(word: &str) -> Option<Presence> {
    match word.to_ascii_lowercase().as_str() {
        "meta" => Some(Presence::Meta),
        "loras" => Some(Presence::Lora),
        "resources" => Some(Presence::Resource),
        _ => find(word).filter(|field| field.kind != FieldKind::Has).and_then(|field| field.presence),
    }
}

/// One field, for help pages and completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Where it stands on the help page.
    pub group: FieldGroup,
    /// What it asks, in a few words.
    pub about: &'static str,
    /// Queries that use it; empty for a field that is planned.
    pub examples: &'static [&'static str],
    /// Whether `none` asks for images without it.
    pub takes_none: bool,
}

/// Every field, in the order of the help page.
pub fn fields() -> impl Iterator<Item = FieldInfo> {
    FIELDS.iter().map(|entry| FieldInfo {
        name: entry.name,
        aliases: entry.aliases,
        group: entry.group,
        about: entry.about,
        examples: entry.examples,
        takes_none: entry.presence.is_some(),
    })
}
