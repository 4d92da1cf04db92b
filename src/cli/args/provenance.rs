//! Flags of the commands about provenance: what could not be linked, which hashes are in dispute, what people decide.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `unresolved`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata unresolved
  stemmata unresolved --kind lora --min-images 10
  stemmata unresolved --limit 0 --format csv > to-do.csv
  stemmata unresolved --format paths | head
")]
pub(crate) struct UnresolvedArgs {
    /// Only resources of this role
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<RoleChoice>,
    /// Rows at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u32,
    /// Only resources that at least so many images name
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min_images: u64,
}

/// The role of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChoice {
    /// Checkpoints.
    #[value(alias = "checkpoint")]
    Model,
    /// LoRA, LoCon, DoRA, LyCORIS.
    Lora,
    /// Textual inversions.
    Embedding,
    /// Hypernetworks.
    Hypernetwork,
    /// VAEs.
    Vae,
    /// ControlNets.
    Controlnet,
    /// Upscalers.
    Upscaler,
    /// Roles without a word of their own.
    Other,
    /// Resources whose role is not said.
    Unknown,
}

/// `hashes`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata hashes report
  stemmata hashes report --only swap,collision --format ndjson
")]
pub(crate) struct HashesArgs {
    #[command(subcommand)]
    pub(crate) what: HashesWhat,
}

/// What to do with hashes.
#[derive(Debug, Subcommand)]
pub(crate) enum HashesWhat {
    /// Which hashes stand for several versions, which versions have several, which may be mixed up
    #[command(after_help = "\
Examples:
  stemmata hashes report
  stemmata hashes report --only swap,collision
  stemmata hashes report --limit 0 --format ndjson > hashes.ndjson
")]
    Report(HashesReportArgs),
}

/// `hashes report`
#[derive(Args, Debug)]
pub(crate) struct HashesReportArgs {
    /// Only findings of these kinds
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) only: Vec<FindingChoice>,
    /// Rows at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u32,
}

/// What may be odd about a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingChoice {
    /// Two versions name each other's hash.
    Swap,
    /// Files that differ share a short hash.
    Collision,
    /// The main file of a version was replaced by another.
    Reuploaded,
    /// A value that stands for nothing, such as the hash of an empty file.
    Junk,
    /// The same main file is published as several versions.
    Republished,
    /// A VAE, a config or the like that several versions list.
    SharedFile,
    /// Files with the same tensors and another header.
    SameTensors,
    /// One version that offers several main files.
    ManyHashes,
}

/// `decide`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata decide hash 0f1e2d3c4b 290640
  stemmata decide not-link lora:detail 290640
  stemmata decide not-duplicate 9173928 9173929
  stemmata decide list
  stemmata decide import theirs.ndjson
")]
pub(crate) struct DecideArgs {
    /// Who decides [default: the name of the user]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(subcommand)]
    pub(crate) what: DecideWhat,
}

/// What to decide. Decisions are kept in `decisions.ndjson` in the home, and outlive the catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum DecideWhat {
    /// Files with this hash are this version
    #[command(after_help = "\
Examples:
  stemmata decide hash 0f1e2d3c4b 290640
  stemmata decide hash sha256:0f1e2d3c4b5a urn:air:sdxl:lora:civitai:55@9002
")]
    Hash {
        /// The hash as metadata writes it: 8 to 64 hexadecimal digits
        hash: String,
        /// Version id, AIR, or URL of the version
        version: String,
    },
    /// An image, or every resource written so, is not this version
    #[command(after_help = "\
Examples:
  stemmata decide not-link 9173928 290640
  stemmata decide not-link hash:0f1e2d3c4b 290640
  stemmata decide not-link lora:detail 290640
")]
    NotLink {
        /// An image as `trace` takes it, `hash:HASH`, or ROLE:NAME such as `lora:detail`
        what: String,
        /// Version id, AIR, or URL of the version
        version: String,
    },
    /// Two images are not duplicates of one another
    #[command(after_help = "\
Examples:
  stemmata decide not-duplicate 9173928 9173929
  stemmata decide not-duplicate ~/Pictures/a.png 9173929
")]
    NotDuplicate {
        /// An image as `trace` takes it
        one: String,
        /// The other
        other: String,
    },
    /// Print every decision, by time
    #[command(after_help = "\
Examples:
  stemmata decide list
  stemmata decide list --format ndjson
")]
    List,
    /// Take a decision back; what it was made about is open again
    #[command(after_help = "\
Examples:
  stemmata decide undo 3f2a9c0d1b4e
  stemmata decide list --format paths | tail -1 | xargs stemmata decide undo
")]
    Undo {
        /// The id that `decide list` shows
        id: String,
    },
    /// Write all decisions to a file, for others
    #[command(after_help = "\
Examples:
  stemmata decide export ours.ndjson
  stemmata decide export - | gzip > ours.ndjson.gz
")]
    Export {
        /// The file, which is replaced; `-` for stdout
        file: PathBuf,
    },
    /// Take decisions of others; of two about the same thing the later counts
    #[command(after_help = "\
Examples:
  stemmata decide import theirs.ndjson
  stemmata decide import theirs.ndjson --format json
")]
    Import {
        /// A file that `decide export` wrote, or a `decisions.ndjson`
        file: PathBuf,
    },
}
