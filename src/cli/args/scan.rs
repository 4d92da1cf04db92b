//! Flags of `scan`.

use std::path::PathBuf;

use clap::Args;

use super::keep::FollowFlags;

/// `scan`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata scan ~/Pictures /mnt/disk/outputs
  stemmata scan                                      look at all folders again
  stemmata scan outputs --watch                      and go on looking until Ctrl-C
  stemmata scan outputs --fingerprints               also read pixels, for `dupes` and `similar`
  stemmata scan ~/models --hash-models
  stemmata scan --prune --yes                        forget files that are gone
")]
pub(crate) struct ScanArgs {
    /// Folders and files to look at [default: every folder scanned before]
    ///
    /// What generators wrote into pictures and videos goes into the catalog; pixels are read only with
    /// --fingerprints or --stealth. A file that has not changed since costs one look at its size and time. Files that are gone stay known, as missing. A file
    /// `.stemmataignore` or `.ignore` names what to leave out, in the way of `.gitignore`, which itself is not heeded.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Also hidden files and folders
    #[arg(long)]
    pub(crate) hidden: bool,
    /// Heed no `.stemmataignore` and `.ignore` files
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Follow symbolic links below the folders
    #[arg(long)]
    pub(crate) follow_links: bool,
    /// Read every file to its end, for a hash of all bytes: finds copies, and moves beyond doubt
    #[arg(long)]
    pub(crate) hash: bool,
    /// Decode pictures that say nothing, and look for text hidden in their pixels; slow
    ///
    /// Only of files that are new or have changed; --all looks at every one.
    #[arg(long)]
    pub(crate) stealth: bool,
    /// Then decode every picture that has no fingerprint as it is now, so that copies and look-alikes are found;
    /// `stemmata fingerprint` does it later
    #[arg(long, visible_alias = "pixels")]
    pub(crate) fingerprints: bool,
    /// Read every model file to its end, for all hashes by which metadata and sites name it; can be stopped and
    /// goes on with the next file
    #[arg(long)]
    pub(crate) hash_models: bool,
    /// Read every file again, also those that have not changed
    #[arg(long, conflicts_with = "retry_failed")]
    pub(crate) all: bool,
    /// Read only the files that could not be read before
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Scan, then count the missing files of the folders that are there; with --yes, forget them
    #[arg(long)]
    pub(crate) prune: bool,
    /// Do not scan, but forget folders and all their files; with --yes
    #[arg(long, requires = "paths", conflicts_with_all = ["prune", "watch", "retry_failed", "all", "hash", "stealth", "fingerprints"])]
    pub(crate) forget: bool,
    /// Do what --prune or --forget has announced
    #[arg(long)]
    pub(crate) yes: bool,
    /// Do not scan, but list the folders scanned before, with what is known of them
    #[arg(long, conflicts_with_all = ["prune", "forget", "watch", "retry_failed", "all", "hash", "stealth", "fingerprints"])]
    pub(crate) list: bool,
    /// Go on, and scan whatever changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["retry_failed", "prune"])]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) after: FollowFlags,
}

/// `fingerprint`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stemmata fingerprint
  stemmata fingerprint ~/Pictures/2026
  stemmata fingerprint --retry-failed                also pictures that could not be decoded

It can be stopped at any time, and goes on where it was. Videos are left alone.
")]
pub(crate) struct FingerprintArgs {
    /// Only pictures in these folders, or these files [default: all that were scanned]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Also try pictures that could not be decoded and have not changed since
    #[arg(long)]
    pub(crate) retry_failed: bool,
    #[command(flatten)]
    pub(crate) after: FollowFlags,
}
