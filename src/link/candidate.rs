//! One candidate for a resource: how strong it is, and why it loses to another.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use crate::entity::{Confidence, Evidence, Fit, Link, LostReason, PublishState, ResourceSources, VersionId};

/// Classes of evidence, strongest first. Evidence of one class is equally strong, so that other
/// qualities of the candidates decide between it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A person said so.
    Decision,
    /// A version id in the metadata.
    VersionId,
    /// An AIR.
    Air,
    /// 64 digits of a SHA-256 or BLAKE3.
    WholeFile,
    /// 12 digits or more: AutoV3, SHA-256 prefix.
    Long,
    /// 10 digits: AutoV2, SHA-256 prefix.
    Medium,
    /// 8 digits: AutoV1, unique SHA-256 prefix.
    Short,
    /// CRC-32, which no known generator writes.
    Checksum,
    /// Equal names.
    Name,
}

impl Class {
    /// The class of a hash that agrees, by the number of digits that metadata wrote.
    pub(super) fn of_hash(evidence: Evidence, written_digits: usize) -> Self {
        match evidence {
            Evidence::Sha256 | Evidence::Blake3 => Self::WholeFile,
            Evidence::Crc32 => Self::Checksum,
            _ if written_digits >= 12 => Self::Long,
            _ if written_digits >= 10 => Self::Medium,
            _ => Self::Short,
        }
    }

    /// How far evidence of this class can be trusted when type and name do (or do not) speak for it.
    ///
    /// Short hashes collide (in 2023 one AutoV1 in thirty stood for several versions), so they need the
    /// type or the name to agree, and are stronger when both do.
    pub(super) fn confidence(self, fit: Fit, names_agree: bool) -> Confidence {
        let percent = match self {
            Self::Decision => return Confidence::CERTAIN,
            Self::VersionId | Self::Air | Self::WholeFile => 95,
            Self::Long => 93,
            Self::Medium => 92,
            Self::Short | Self::Checksum => match (fit == Fit::Fits, names_agree) {
                (true, true) => 75,
                (true, false) | (false, true) => 60,
                (false, false) => 30,
            },
            Self::Name => 30,
        };
        let confidence = Confidence::from_percent(percent);
        if fit == Fit::Mismatch { confidence.halved() } else { confidence }
    }
}

/// A version that a resource may be, with all that ranks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) version: VersionId,
    pub(super) class: Class,
    pub(super) evidence: Evidence,
    pub(super) raw: String,
    pub(super) confidence: Confidence,
    pub(super) fit: Fit,
    /// Whether the matching file is the current, primary, main-weight file of its version.
    pub(super) main: bool,
    pub(super) state: PublishState,
    /// Milliseconds since 1970; unknown dates are `i64::MAX`, which comes last.
    pub(super) date_ms: i64,
}

impl Candidate {
    /// Best first: class of evidence, type, agreement, main file, published, earliest, lowest id.
    ///
    /// Row numbers of files take no part, because they tell the order in which files arrived.
    fn compare(&self, other: &Self) -> Ordering {
        let last = |c: &Self| (c.date_ms, c.version, c.evidence);
        self.qualities()
            .cmp(&other.qualities())
            .then_with(|| last(self).cmp(&last(other)))
            .then_with(|| self.raw.cmp(&other.raw))
    }

    fn qualities(&self) -> (Class, bool, Reverse<Confidence>, bool, bool) {
        let mismatch = self.fit == Fit::Mismatch;
        (self.class, mismatch, Reverse(self.confidence), !self.main, self.state != PublishState::Published)
    }

    /// The first thing in which this candidate is worse than the representative.
    fn lost_to(&self, winner: &Self) -> LostReason {
        let (class, mismatch, confidence, not_main, not_published) = self.qualities();
        let (best_class, best_mismatch, best_confidence, best_not_main, best_not_published) =
            winner.qualities();
        if class != best_class {
            LostReason::WeakerEvidence
        } else if mismatch != best_mismatch {
            LostReason::TypeMismatch
        } else if confidence != best_confidence {
            LostReason::WeakerEvidence
        } else if not_main != best_not_main {
            LostReason::NotMainFile
        } else if not_published != best_not_published {
            LostReason::NotPublished
        } else if self.date_ms != winner.date_ms {
            LostReason::PublishedLater
        } else {
            LostReason::HigherId
        }
    }
}

/// Orders candidates and keeps the best of each version; those in `refused` come last, and never first.
pub(super) fn rank(mut candidates: Vec<Candidate>, refused: &BTreeSet<VersionId>) -> Vec<Link> {
    candidates.sort_by(Candidate::compare);
    let mut seen = BTreeSet::new();
    candidates.retain(|candidate| seen.insert(candidate.version));
    let best = candidates.iter().find(|candidate| !refused.contains(&candidate.version)).cloned();
    let links = candidates
        .into_iter()
        .map(|candidate| Link {
            lost: best
                .as_ref()
                .filter(|best| best.version != candidate.version)
                .map(|best| candidate.lost_to(best)),
            version: candidate.version,
            evidence: candidate.evidence,
            raw: candidate.raw,
            confidence: candidate.confidence,
            rank: 0,
        })
        .collect();
    refuse(links, refused)
}

/// Moves the refused candidates behind the others, without confidence, and numbers the ranks anew.
///
/// The first that is not refused becomes the representative; when all are refused there is none, and ranks begin
/// at 2.
pub(super) fn refuse(links: Vec<Link>, refused: &BTreeSet<VersionId>) -> Vec<Link> {
    let (out, mut kept): (Vec<Link>, Vec<Link>) =
        links.into_iter().partition(|link| refused.contains(&link.version));
    let first_rank = if kept.is_empty() { 2 } else { 1 };
    kept.extend(out.into_iter().map(|link| Link {
        confidence: Confidence::NONE,
        lost: Some(LostReason::DecidedAgainst),
        ..link
    }));
    for (rank, link) in (first_rank..).zip(&mut kept) {
        link.rank = rank;
        if rank == 1 {
            link.lost = None;
        }
    }
    kept
}

/// The confidence of a link in one image's use of its resource.
///
/// A version that only the database path lists beside the image (80 in a hundred) may have been added by
/// hand or by the post, whereas the index lists what the site found in the metadata.
pub fn confidence_in_use(link: &Link, sources: ResourceSources) -> Confidence {
    const BY_HAND: Confidence = Confidence::from_percent(80);
    let by_hand = link.evidence == Evidence::VersionId && sources == ResourceSources::ITEM_DATABASE;
    if by_hand { link.confidence.min(BY_HAND) } else { link.confidence }
}
