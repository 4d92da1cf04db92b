//! One name for each sampler and scheduler, whoever wrote it.

/// A canonical sampler and, where the text says so, the scheduler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// Such as `dpmpp_2m`, `euler_ancestral`.
    pub sampler: Option<String>,
    /// Such as `karras`, `exponential`, `sgm_uniform`.
    pub scheduler: Option<String>,
}

/// Reads a sampler as any generator writes it; see `reference` table in `docs/SAMPLERS.md`.
pub fn canonical_sampler(_text: &str) -> Sampling {
    Sampling::default()
}
