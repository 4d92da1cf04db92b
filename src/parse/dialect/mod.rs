//! Which grammar reads which block.
//!
//! - In: the blocks of a file. Out: claims in the order of the blocks, and warnings.
//! - [`GRAMMARS`] is a table, most specific first: a grammar takes the blocks that it knows, and later ones see the
//!   rest. A new generator is one file and one line.
//! - A damaged field costs itself; what its neighbours say is kept.

mod civitai;
mod comfyui;
mod draw_things;
mod easy_diffusion;
mod fooocus;
mod generic;
mod hf_space;
mod infotext;
mod invokeai;
mod midjourney;
mod mochi;
mod novelai;
mod pieces;
mod said;
mod stability_matrix;
mod swarmui;
mod tensorart;

pub(crate) use infotext::tool_of_version;

use pieces::{Piece, sources};
use said::Said;

use super::{Block, Claim, Limits, Warning};

/// Reads the texts that it knows among all texts of a file.
type Grammar = fn(&[Piece<'_>], &mut Said<'_>);

/// Every grammar, most specific first.
const GRAMMARS: &[Grammar] = &[
    swarmui::read,
    novelai::read,
    invokeai::read,
    tensorart::read,
    stability_matrix::read,
    fooocus::read,
    hf_space::read,
    draw_things::read,
    civitai::read,
    mochi::read,
    midjourney::read,
    infotext::read,
    easy_diffusion::read,
    comfyui::read,
    generic::read,
];

/// What the blocks say, in their order, and what was odd about it.
pub(super) fn claims(blocks: &[Block], limits: &Limits) -> (Vec<Claim>, Vec<Warning>) {
    let sources = sources(blocks, limits);
    let pieces: Vec<Piece<'_>> = sources.iter().map(Piece::new).collect();
    let mut said = Said::new(limits, blocks.len());
    for grammar in GRAMMARS {
        grammar(&pieces, &mut said);
    }
    let taken = pieces.iter().filter(|piece| said.is_taken(piece.block));
    let odd: Vec<Warning> = taken
        .filter_map(|piece| Some(piece.read_document()?.notes.warnings(&piece.place)))
        .flatten()
        .collect();
    let Said { mut claims, mut warnings, .. } = said;
    warnings.extend(odd.into_iter().take(said::MAX_WARNINGS));
    let (provenance, odd) = super::provenance::claims(blocks, limits);
    claims.extend(provenance);
    warnings.extend(odd);
    claims.sort_by_key(|claim| claim.block);
    (claims, warnings)
}
