//! One name for each sampler and scheduler, whoever wrote it.
//!
//! The canonical names are those of ComfyUI: other programs write labels that are made from them.

/// A canonical sampler and, where the text says so, the scheduler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// Such as `dpmpp_2m`, `euler_ancestral`.
    pub sampler: Option<String>,
    /// Such as `karras`, `exponential`, `sgm_uniform`.
    pub scheduler: Option<String>,
}

/// Longest name read, in bytes; more is no name of a sampler.
const MAX_BYTES: usize = 128;

/// Reads a sampler as any generator writes it, and splits a scheduler off its end.
///
/// `Euler a`, `k_euler_a` and `euler_ancestral` are one; `DPM++ 2M Karras` is `dpmpp_2m` with `karras`. The
/// variants that compute noise on the GPU are the same sampler. A name without a place in the table is
/// lower-cased and its blanks become `_`. `undefined`, `automatic` and the like name nothing.
///
/// ```
/// use stemmata::entity::canonical_sampler;
///
/// let read = canonical_sampler("DPM++ 2M Karras");
/// assert_eq!(read.sampler.as_deref(), Some("dpmpp_2m"));
/// assert_eq!(read.scheduler.as_deref(), Some("karras"));
/// ```
pub fn canonical_sampler(text: &str) -> Sampling {
    let Some(plain) = plain_name(text) else { return Sampling::default() };
    if is_nothing(&plain) {
        return Sampling::default();
    }
    if plain == "k_dpmpp_2" {
        // InvokeAI's first word for it; without the prefix it was another one.
        return Sampling { sampler: Some("dpmpp_2m".to_owned()), scheduler: None };
    }
    let key = key_of(&plain);
    if let Some(name) = known_sampler(&key) {
        return Sampling { sampler: Some(name.to_owned()), scheduler: None };
    }
    for (suffix, scheduler) in VARIANTS {
        if let Some(name) = key.strip_suffix(suffix).and_then(known_sampler) {
            return Sampling { sampler: Some(name.to_owned()), scheduler: scheduler.map(str::to_owned) };
        }
    }
    for (suffix, scheduler) in SCHEDULERS {
        let Some(head) = key.strip_suffix(suffix).and_then(|head| head.strip_suffix('_')) else { continue };
        let head = head.trim_end_matches('_');
        if head.is_empty() {
            break;
        }
        // Kept as written where the table has no word for it.
        let as_written = || plain.strip_suffix(suffix).map_or(head, |head| head.trim_end_matches('_'));
        let sampler = Some(known_sampler(head).unwrap_or_else(as_written).to_owned());
        return Sampling { sampler, scheduler: Some((*scheduler).to_owned()) };
    }
    Sampling { sampler: Some(plain), scheduler: None }
}

/// Reads a scheduler or `Schedule type` as any generator writes it; `None` where it says nothing.
///
/// An unknown name is lower-cased and its blanks become `_`.
pub fn canonical_scheduler(text: &str) -> Option<String> {
    let plain = plain_name(text).filter(|plain| !is_nothing(plain))?;
    let known =
        SCHEDULERS.iter().find(|(name, _)| *name == plain).map(|(_, canonical)| (*canonical).to_owned());
    Some(known.unwrap_or_else(|| if plain == "ddim" { "ddim_uniform".to_owned() } else { plain }))
}

/// The label that people know a canonical sampler by; the name itself where there is none.
pub fn sampler_label(canonical: &str) -> &str {
    SAMPLERS.iter().find(|(name, _, _)| *name == canonical).map_or(canonical, |(_, label, _)| label)
}

/// Canonical name, label, and other keys (see [`key_of`]) by which it is known; labels are keys already.
const SAMPLERS: &[(&str, &str, &[&str])] = &[
    ("euler", "Euler", &["eulerdiscrete", "euler_discrete", "eulerdiscretescheduler"]),
    (
        "euler_ancestral",
        "Euler a",
        &["eulera", "eulerancestral", "eulerancestraldiscrete", "eulerancestraldiscretescheduler"],
    ),
    ("euler_cfg_pp", "Euler CFG++", &["eulercfgpp"]),
    ("euler_ancestral_cfg_pp", "Euler a CFG++", &["euler_acfgpp"]),
    ("heun", "Heun", &["heundiscrete", "heundiscretescheduler", "huen"]),
    ("heunpp2", "Heun++ 2", &["heunpp_2", "heunpp", "heun_pp2"]),
    ("lms", "LMS", &["lmsdiscrete", "lmsdiscretescheduler", "lmsd"]),
    ("dpm_2", "DPM2", &["kdpm2discretescheduler", "kdpm_2", "kdpm2"]),
    (
        "dpm_2_ancestral",
        "DPM2 a",
        &[
            "dpm2_ancestral",
            "dpm_2_a",
            "kdpm2ancestraldiscretescheduler",
            "kdpm_2_a",
            "kdpm2_a",
            "dpm2a",
            "kdpm_2_ancestral",
            "dpm2ancestral",
        ],
    ),
    ("dpm_fast", "DPM fast", &[]),
    ("dpm_adaptive", "DPM adaptive", &["dpm_ad"]),
    (
        "dpmpp_2s_ancestral",
        "DPM++ 2S a",
        &["dpmpp_2sa", "dpmpp2s_a", "dpmpp_2s", "dpmpp2s_ancestral", "dpmpp_2", "dpmpp_1s"],
    ),
    ("dpmpp_2s_ancestral_cfg_pp", "DPM++ 2S a CFG++", &[]),
    ("dpmpp_sde", "DPM++ SDE", &["dpmppsde", "dpm_sde"]),
    (
        "dpmpp_2m",
        "DPM++ 2M",
        &[
            "dpmpp2m",
            "dpmsolvermultistep",
            "dpmsolvermultistepscheduler",
            "dpm_solverpp_multistep",
            "dpmpp_2m_v2",
        ],
    ),
    ("dpmpp_2m_cfg_pp", "DPM++ 2M CFG++", &[]),
    ("dpmpp_2m_sde", "DPM++ 2M SDE", &["dpmpp2m_sde", "dpmpp_2msde", "dpmpp2msde"]),
    ("dpmpp_2m_sde_heun", "DPM++ 2M SDE Heun", &["dpmpp2m_sde_heun"]),
    ("dpmpp_3m_sde", "DPM++ 3M SDE", &["dpmpp3m_sde", "dpmpp_3msde"]),
    ("dpmpp_3m", "DPM++ 3M", &["dpmpp3m"]),
    ("restart", "Restart", &[]),
    ("ddpm", "DDPM", &["ddpmscheduler"]),
    ("ddim", "DDIM", &["ddimscheduler", "ddim_v3"]),
    ("ddim_cfg_pp", "DDIM CFG++", &["ddimcfgpp"]),
    ("plms", "PLMS", &["pndm", "pndmscheduler"]),
    (
        "uni_pc",
        "UniPC",
        &[
            "uni_pc_bh1",
            "unipcmultistepscheduler",
            "unipc_snr",
            "unipc_snr_2",
            "unipc_tu",
            "unipc_tu_2",
            "unipc_tq",
            "unipc_tq_2",
        ],
    ),
    ("uni_pc_bh2", "UniPC BH2", &[]),
    ("lcm", "LCM", &["lcmscheduler"]),
    ("tcd", "TCD", &["tcdscheduler"]),
    ("ipndm", "iPNDM", &[]),
    ("ipndm_v", "iPNDM V", &[]),
    ("deis", "DEIS", &["deismultistepscheduler"]),
    ("res_multistep", "Res Multistep", &[]),
    ("res_multistep_ancestral", "Res Multistep a", &[]),
    ("res_multistep_cfg_pp", "Res Multistep CFG++", &[]),
    ("res_multistep_ancestral_cfg_pp", "Res Multistep a CFG++", &[]),
    ("res_2s", "RES 2S", &[]),
    ("res_2m", "RES 2M", &[]),
    ("gradient_estimation", "Gradient Estimation", &[]),
    ("er_sde", "ER SDE", &["ersde"]),
    ("seeds_2", "SEEDS 2", &[]),
    ("seeds_3", "SEEDS 3", &[]),
    ("sa_solver", "SA Solver", &["sasolverscheduler", "sasolver"]),
    ("sa_solver_pece", "SA Solver PECE", &[]),
    ("exp_heun_2_x0", "Exp Heun 2 x0", &[]),
    ("exp_heun_2_x0_sde", "Exp Heun 2 x0 SDE", &[]),
];

/// What a scheduler is called at the end of a sampler or by itself, and its canonical name.
///
/// A name that ends with another stands before it.
const SCHEDULERS: &[(&str, &str)] = &[
    ("karras", "karras"),
    ("polyexponential", "polyexponential"),
    ("exponential", "exponential"),
    ("sgm_uniform", "sgm_uniform"),
    ("sgmuniform", "sgm_uniform"),
    ("ddim_uniform", "ddim_uniform"),
    ("uniform", "uniform"),
    ("kl_optimal", "kl_optimal"),
    ("align_your_steps_gits", "align_your_steps_gits"),
    ("align_your_steps", "align_your_steps"),
    ("align_your_steps_11", "align_your_steps"),
    ("align_your_steps_32", "align_your_steps"),
    ("ays", "align_your_steps"),
    ("linear_quadratic", "linear_quadratic"),
    ("bong_tangent", "bong_tangent"),
    ("beta57", "beta57"),
    ("beta", "beta"),
    ("trailing", "trailing"),
    ("turbo", "turbo"),
    ("simple", "simple"),
    ("normal", "normal"),
];

/// What stands behind a known sampler for a variant of it, and the scheduler that this means.
///
/// `_k` is InvokeAI's word for Karras; the rest are settings that other programs have no word for.
const VARIANTS: &[(&str, Option<&str>)] = &[
    ("_k", Some("karras")),
    ("_substep", None),
    ("_flowmatch", None),
    ("_edm", None),
    ("_sgm", None),
    ("_inverse", None),
];

/// Lower-cased, trimmed, each run of blanks one `_`; `None` for what is too long to be a name.
fn plain_name(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push('_');
        }
        plain.extend(word.chars().flat_map(char::to_lowercase));
    }
    Some(plain)
}

fn is_nothing(plain: &str) -> bool {
    matches!(plain, "" | "undefined" | "automatic" | "none" | "null" | "default" | "unknown" | "n/a")
}

/// What the table is searched by: `+` spelt `p`, `-` spelt `_`, without `k_`, `sample_` and `_gpu`.
fn key_of(plain: &str) -> String {
    let key = plain.strip_prefix("sample_").unwrap_or(plain);
    let key = key.strip_prefix("k_").unwrap_or(key);
    let key = key.strip_suffix("_gpu").unwrap_or(key);
    let spelt = |c: char| match c {
        '+' => 'p',
        '-' => '_',
        other => other,
    };
    key.chars().map(spelt).collect()
}

fn known_sampler(key: &str) -> Option<&'static str> {
    let key = key.strip_suffix("_gpu").unwrap_or(key);
    let is_it = |(name, label, others): &&(&str, &str, &[&str])| {
        *name == key || others.contains(&key) || is_label_key(label, key)
    };
    SAMPLERS.iter().find(is_it).map(|(name, _, _)| *name)
}

/// Whether a label, read as a key, is this key.
fn is_label_key(label: &str, key: &str) -> bool {
    let mut key = key.bytes();
    let same = label.bytes().all(|byte| {
        let wanted = match byte {
            b' ' | b'-' => b'_',
            b'+' => b'p',
            other => other.to_ascii_lowercase(),
        };
        key.next() == Some(wanted)
    });
    same && key.next().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, sampler: &str, scheduler: Option<&str>) {
        let read = canonical_sampler(text);
        assert_eq!(
            (read.sampler.as_deref(), read.scheduler.as_deref()),
            (Some(sampler), scheduler),
            "{text}"
        );
    }

    #[test]
    fn every_label_and_every_native_name_is_canonical() {
        for (name, label, others) in SAMPLERS {
            check(name, name, None);
            check(label, name, None);
            check(&format!("{label} Karras"), name, Some("karras"));
            check(&format!("{name}_karras"), name, Some("karras"));
            assert_eq!(sampler_label(name), *label);
            for other in *others {
                check(other, name, None);
            }
        }
        assert_eq!(SAMPLERS.len(), 46, "the table gained or lost a sampler");
    }

    #[test]
    fn no_key_names_two_samplers() {
        let mut keys: Vec<&str> = SAMPLERS
            .iter()
            .flat_map(|(name, _, others)| [*name].into_iter().chain(others.iter().copied()))
            .collect();
        keys.sort_unstable();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn the_spellings_of_the_wild_are_read() {
        check("k_euler_a", "euler_ancestral", None);
        check("Euler A", "euler_ancestral", None);
        check("k_dpmpp_2m", "dpmpp_2m", None);
        check("DPM++ 2M SDE Exponential", "dpmpp_2m_sde", Some("exponential"));
        check("DPM++ 2M SDE SGMUniform", "dpmpp_2m_sde", Some("sgm_uniform"));
        check("DPM++ 2M SGM Uniform", "dpmpp_2m", Some("sgm_uniform"));
        check("dpmpp_2m_sde_gpu", "dpmpp_2m_sde", None);
        check("dpmpp_3m_sde_gpu_karras", "dpmpp_3m_sde", Some("karras"));
        check("  DPM++  2M   Karras ", "dpmpp_2m", Some("karras"));
        check("DPM2 a Karras", "dpm_2_ancestral", Some("karras"));
        check("UniPC", "uni_pc", None);
        check("DDIM", "ddim", None);
        check("DPM++ 2M Turbo", "dpmpp_2m", Some("turbo"));
        check("dpmpp_2m_sde_k", "dpmpp_2m_sde", Some("karras"));
        check("euler_k", "euler", Some("karras"));
        check("kdpm_2_a_k", "dpm_2_ancestral", Some("karras"));
        check("unipc", "uni_pc", None);
        check("unipc_snr_2", "uni_pc", None);
        check("Huen Karras", "heun", Some("karras"));
        check("Euler A Trailing", "euler_ancestral", Some("trailing"));
        check("Euler A Substep", "euler_ancestral", None);
        check("Euler Ancestral", "euler_ancestral", None);
        check("DPM++ SDE AYS", "dpmpp_sde", Some("align_your_steps"));
        check("DPM++ 2M EDM", "dpmpp_2m", None);
        check("DPM2a FlowMatch", "dpm_2_ancestral", None);
        check("k_dpm_2_a", "dpm_2_ancestral", None);
        check("k_dpm_ad", "dpm_adaptive", None);
        check("k_dpmpp_2s_ancestral", "dpmpp_2s_ancestral", None);
        check("LMSD", "lms", None);
        check("k_dpmpp_2", "dpmpp_2m", None);
        check("dpmpp_2", "dpmpp_2s_ancestral", None);
        check("DPM++ 1S", "dpmpp_2s_ancestral", None);
        check("unipc_tq_2", "uni_pc", None);
    }

    #[test]
    fn an_unknown_name_is_kept_in_lower_case() {
        check("DPM++ 2M Karras Sharp", "dpm++_2m_karras_sharp", None);
        check("My Sampler Karras", "my_sampler", Some("karras"));
        check("Karras", "karras", None);
        check("Сэмплер", "сэмплер", None);
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        for text in ["", "  ", "Undefined", "undefined", "Automatic", "None", &"x".repeat(1000)] {
            assert_eq!(canonical_sampler(text), Sampling::default(), "{text}");
            assert_eq!(canonical_scheduler(text), None, "{text}");
        }
    }

    #[test]
    fn schedulers_are_canonical_too() {
        let cases = [
            ("Karras", "karras"),
            ("SGM Uniform", "sgm_uniform"),
            ("Align Your Steps", "align_your_steps"),
            ("DDIM", "ddim_uniform"),
            ("KL Optimal", "kl_optimal"),
            ("Beta", "beta"),
            ("Flow Shift", "flow_shift"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical_scheduler(text).as_deref(), Some(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_at_most_one_reading(text in "(k_|sample_)?\\PC{0,20}( ?[kK]arras|_gpu| SGM Uniform)?") {
            let read = canonical_sampler(&text);
            if let Some(sampler) = &read.sampler {
                prop_assert!(!sampler.is_empty() && !sampler.contains(' '));
                prop_assert!(!sampler_label(sampler).is_empty());
            }
            let _ = canonical_scheduler(&text);
        }
    }
}
