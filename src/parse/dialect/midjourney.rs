//! Midjourney: a prompt with flags and the number of its job.
//!
//! ```text
//! Description: a red kite over hills --ar 3:2 --v 6.1 --stylize 250 Job ID: 00000000-0000-4000-8000-000000000000
//! Author: <user> | Creation Time: ..
//! ```
//!
//! The number may be missing where an author stands beside the prompt. Any `--word value` is taken as a flag: new ones appear with every version. Addresses of pictures may stand first;
//! they are part of the prompt as it was written.

use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::parse::{Dialect, Field, Strength};

/// Flags of one prompt that are read.
const MAX_FLAGS: usize = 64;

/// Digits and hyphens of a job's number.
const JOB_BYTES: usize = 36;

/// Reads the description.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let has_author = pieces.iter().any(|piece| piece.is_at(&["author", "digimageguid"]));
    for piece in pieces {
        if said.is_taken(piece.block)
            || !piece.is_at(&["description", "imagedescription", "caption", "sidecar"])
        {
            continue;
        }
        let (text, job) = match without_job(piece.text) {
            Some((text, job)) => (text, Some(job)),
            None if has_author && has_own_flag(piece.text) => (piece.text, None),
            None => continue,
        };
        let mut speaker = said.about(piece, Dialect::Midjourney, Strength::Said);
        speaker.tool("midjourney");
        if let Some(job) = job {
            speaker.text(Field::Other("job_id".to_owned()), job, None);
        }
        let end = text.find(" --").or_else(|| text.starts_with("--").then_some(0)).unwrap_or(text.len());
        let (prompt, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let blanks = prompt.len().saturating_sub(prompt.trim_start().len());
        let prompt = prompt.trim();
        speaker.text(Field::Prompt, prompt, Some(blanks..blanks.saturating_add(prompt.len())));
        flags(&mut speaker, rest);
    }
}

/// Whether a text has a flag that no other program's prompts have. Beside an author that is enough without a job.
fn has_own_flag(text: &str) -> bool {
    [" --v ", " --ar ", " --niji ", " --stylize ", " --chaos "].iter().any(|flag| text.contains(flag))
}

/// The text before `Job ID:`, and the job.
fn without_job(text: &str) -> Option<(&str, &str)> {
    let (before, after) = text.rsplit_once("Job ID:")?;
    let job = after.trim_start().get(..JOB_BYTES)?;
    job.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-').then_some((before, job))
}

fn flags(speaker: &mut Speaker<'_, '_>, text: &str) {
    for flag in text.split("--").skip(1).take(MAX_FLAGS) {
        let (name, value) = flag.trim().split_once(char::is_whitespace).unwrap_or((flag.trim(), ""));
        let value = value.trim();
        match name {
            "no" => speaker.written(Field::NegativePrompt, value, None),
            "seed" => speaker.written(Field::Seed, value, None),
            "v" | "version" => speaker.written(Field::ToolVersion, value, None),
            "niji" => speaker.written(Field::ToolVersion, format!("niji {value}").trim(), None),
            "" => {}
            other => speaker.text(Field::Other(other.to_owned()), value, None),
        }
    }
}
