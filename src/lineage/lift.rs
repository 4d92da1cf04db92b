//! How much more frequent a companion is in a scope than everywhere.

/// Images that counts are drawn towards expectation by: at so many expected images a doubling counts for half.
const SHRINK: f64 = 5.0;

/// How many times more frequent something is in a scope than everywhere: `with` of `images` there, against
/// `everywhere_with` of `everywhere`. Infinite where it is nowhere else, not a number where there is nothing at all.
pub fn lift(with: u64, images: u64, everywhere_with: u64, everywhere: u64) -> f64 {
    (with as f64 / images as f64) / (everywhere_with as f64 / everywhere as f64)
}

/// The same, drawn towards 1 where counts are small: `(with + 5) / (expected + 5)`, `expected` being the images of the
/// scope times the share everywhere.
pub fn shrunk_lift(with: u64, images: u64, everywhere_with: u64, everywhere: u64) -> f64 {
    let expected = images as f64 * everywhere_with as f64 / (everywhere as f64).max(1.0);
    (with as f64 + SHRINK) / (expected + SHRINK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companion_of_one_image_says_less_than_one_of_many() {
        assert_eq!(lift(1, 10, 1, 1_000), 100.0);
        assert!((shrunk_lift(1, 10, 1, 1_000) - 6.0 / 5.01).abs() < 1e-12);
        assert!((shrunk_lift(1_000, 10_000, 1_000, 1_000_000) - 1_005.0 / 15.0).abs() < 1e-12);
        assert_eq!(shrunk_lift(100, 1_000, 100, 1_000), 1.0, "as often as everywhere");
    }
}
