//! What prompts say more often in a scope than elsewhere. Statistics, no model of language.
//!
//! - In: for each chunk, the images with it in the scope and everywhere.
//! - Out: log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words", equations 16
//!   and 22), over images instead of words, because an image says a chunk once.
//! - Never: a chunk that fewer than [`MIN_IMAGES`] images of the scope have, or that lies within [`MIN_DEVIATIONS`].
//!
//! With `y` images with the chunk among `n` of the scope, `Y` among `N` elsewhere, and a prior of
//! `a = PRIOR_IMAGES * (y + Y) / (n + N)` out of `A = PRIOR_IMAGES`:
//!
//! ```text
//! log_odds = ln((y + a) / (n + A - y - a)) - ln((Y + a) / (N + A - Y - a))
//! z        = log_odds / sqrt(1 / (y + a) + 1 / (Y + a))
//! ```

use super::owners::ChunkOwners;
use super::report::Theme;

/// How many images the prior weighs as much as: what a scope of fewer images says is drawn towards what all say.
pub(super) const PRIOR_IMAGES: f64 = 500.0;

/// A chunk that fewer images of the scope have is no theme.
pub(super) const MIN_IMAGES: u64 = 3;

/// What lies fewer standard deviations above elsewhere is no theme: chance alone shows that.
pub(super) const MIN_DEVIATIONS: f64 = 2.0;

/// Chunks that are looked for everywhere: the most frequent of the scope, then by text. Rarer ones cannot be typical of
/// a scope that has so many more frequent ones.
pub(super) const MOST_CANDIDATES: usize = 2_000;

/// A chunk with its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate<'a> {
    /// The chunk.
    pub(super) chunk: &'a str,
    /// Images of the scope with it.
    pub(super) images: u64,
    /// Images with it anywhere.
    pub(super) everywhere: u64,
}

/// Log-odds and their number of standard deviations, for one chunk: `with` of `images` in the scope, `everywhere_with`
/// of `everywhere` in all, the scope among them.
///
/// With `y` images of `n` in the scope, `Y` of `N` elsewhere, and a prior of `a = 500 * (y + Y) / (n + N)` out of
/// `A = 500`, that is `ln((y + a) / (n + A - y - a)) - ln((Y + a) / (N + A - Y - a))`, and the same over
/// `sqrt(1 / (y + a) + 1 / (Y + a))`.
pub fn log_odds(with: u64, images: u64, everywhere_with: u64, everywhere: u64) -> (f64, f64) {
    let (y, n) = (with as f64, images as f64);
    let rest_y = everywhere_with.saturating_sub(with) as f64;
    let rest_n = everywhere.saturating_sub(images) as f64;
    let prior = PRIOR_IMAGES * (y + rest_y) / (n + rest_n).max(1.0);
    let odds = |y: f64, n: f64| (y + prior) / (n + PRIOR_IMAGES - y - prior).max(f64::MIN_POSITIVE);
    let difference = odds(y, n).ln() - odds(rest_y, rest_n).ln();
    let deviation = (1.0 / (y + prior) + 1.0 / (rest_y + prior)).sqrt();
    (difference, difference / deviation)
}

/// The typical chunks, in the order of the candidates. Who says them is not counted yet.
pub(super) fn typical(candidates: &[Candidate<'_>], images: u64, everywhere: u64) -> Vec<Theme> {
    let themes = candidates
        .iter()
        .filter(|candidate| candidate.images >= MIN_IMAGES)
        .map(|candidate| {
            let (log_odds, z) = log_odds(candidate.images, images, candidate.everywhere, everywhere);
            Theme {
                chunk: candidate.chunk.to_owned(),
                images: candidate.images,
                everywhere: candidate.everywhere,
                owners: 0,
                most_of_one: 0,
                log_odds: thousandth(log_odds),
                z: thousandth(z),
            }
        })
        .filter(|theme| theme.z >= MIN_DEVIATIONS);
    themes.collect()
}

/// Orders by `z`, then by text.
pub(super) fn most_typical_first(themes: &mut [Theme]) {
    themes.sort_by(|a, b| b.z.total_cmp(&a.z).then_with(|| a.chunk.cmp(&b.chunk)));
}

/// Writes down who says each theme; owners come in the order of the themes.
pub(super) fn count_owners(themes: &mut [Theme], owners: &[ChunkOwners]) {
    for (theme, counted) in themes.iter_mut().zip(owners) {
        (theme.owners, theme.most_of_one) = (counted.owners, counted.most_of_one);
    }
}

/// The first of themes that come most typical first: what one owner alone says, or says more often than all others
/// together, comes after what several say.
pub(super) fn of_several_first(mut themes: Vec<Theme>, most: usize) -> Vec<Theme> {
    // Stable, so that the order within both parts stays.
    themes.sort_by_key(Theme::is_of_one);
    themes.truncate(most);
    themes
}

/// Rounds to a thousandth, and makes one value of the two zeros.
pub(super) fn thousandth(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0 + 0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_formula_gives_what_a_hand_gives() {
        // y = 50 of n = 100, Y = 10 of N = 900: a = 500 * 60 / 1000 = 30.
        let (odds, z) = log_odds(50, 100, 60, 1000);
        let by_hand = (80.0_f64 / 520.0).ln() - (40.0_f64 / 1360.0).ln();
        assert!((odds - by_hand).abs() < 1e-12, "{odds}");
        assert!((z - by_hand / (1.0_f64 / 80.0 + 1.0 / 40.0).sqrt()).abs() < 1e-12, "{z}");
    }

    #[test]
    fn what_all_say_alike_is_no_theme_and_few_images_say_little() {
        let candidate = |chunk, images, everywhere| Candidate { chunk, images, everywhere };
        let all = [
            candidate("everybody says so", 100, 1_000),
            candidate("typical", 60, 100),
            candidate("twice", 2, 2),
            candidate("rare", 3, 3),
            candidate("less than elsewhere", 5, 900),
        ];
        let mut themes = typical(&all, 100, 1_000);
        most_typical_first(&mut themes);
        let names: Vec<&str> = themes.iter().map(|theme| theme.chunk.as_str()).collect();
        assert_eq!(names, ["typical", "rare"]);
        assert!(themes[0].z > 3.0 * themes[1].z);
        assert_eq!(of_several_first(themes, 1).len(), 1);
    }

    #[test]
    fn what_one_owner_says_more_than_all_others_leads_nothing() {
        let theme = |chunk: &str, images, z| Theme {
            chunk: chunk.to_owned(),
            images,
            everywhere: images,
            owners: 0,
            most_of_one: 0,
            log_odds: 1.0,
            z,
        };
        let mut themes = vec![
            theme("prolific", 100, 9.0),
            theme("shared", 100, 3.0),
            theme("local", 10, 5.0),
            theme("half", 10, 4.0),
        ];
        let who = |owners, most_of_one| ChunkOwners { owners, most_of_one };
        let owners = [who(3, 51), who(40, 9), who(0, 0), who(2, 5)];
        count_owners(&mut themes, &owners);
        most_typical_first(&mut themes);
        let ranked = of_several_first(themes, 9);
        let told: Vec<(&str, u64, u64)> =
            ranked.iter().map(|theme| (theme.chunk.as_str(), theme.owners, theme.most_of_one)).collect();
        assert_eq!(told, [("local", 0, 0), ("half", 2, 5), ("shared", 40, 9), ("prolific", 3, 51)]);
    }

    proptest! {
        #[test]
        fn more_images_here_never_make_a_chunk_less_typical(
            images in 1..1_000_u64, rest in 0..1_000_u64, with in 0..1_000_u64, rest_with in 0..1_000_u64,
        ) {
            let (with, rest_with) = (with % images, if rest == 0 { 0 } else { rest_with % rest });
            let (odds, z) = log_odds(with, images, with + rest_with, images + rest);
            prop_assert!(with + rest_with == 0 || (odds.is_finite() && z.is_finite()));
            let (more, _) = log_odds(with + 1, images, with + 1 + rest_with, images + rest);
            prop_assert!(with + rest_with == 0 || rest == 0 || more >= odds - 1e-9, "{more} {odds}");
        }
    }
}
