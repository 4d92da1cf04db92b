//! Counts, sizes and times in words.

use std::time::Instant;

/// A count with its thousands apart: `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes for people: `999 bytes`, `20.9 kB`.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut shown = counted(bytes, "bytes");
    for unit in units {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        shown = format!("{value:.1} {unit}");
    }
    shown
}

/// A count with its noun, which is given in the plural: `1 file`, `2 files`.
pub(crate) fn counted(count: u64, nouns: &str) -> String {
    let noun = match nouns {
        _ if count != 1 => nouns,
        "retries" => "retry",
        "answers not modified" => "answer not modified",
        "other files left alone" => "other file left alone",
        _ => nouns.strip_suffix('s').unwrap_or(nouns),
    };
    format!("{} {noun}", grouped(count))
}

/// Milliseconds since `started`.
pub(crate) fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A duration for people: `0.4 s`.
pub(crate) fn seconds(elapsed_ms: u64) -> String {
    format!("{}.{} s", elapsed_ms / 1000, elapsed_ms % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(seconds(12_345), "12.3 s");
    }

    #[test]
    fn one_of_a_kind_is_told_in_the_singular() {
        let words = ["items", "files", "retries", "bytes", "found", "other files left alone"];
        assert_eq!(
            words.map(|word| counted(1, word)),
            ["1 item", "1 file", "1 retry", "1 byte", "1 found", "1 other file left alone"]
        );
        assert_eq!(words.map(|word| counted(1000, word)), words.map(|word| format!("1,000 {word}")));
    }

    #[test]
    fn a_size_has_one_digit_behind_the_point() {
        let sizes = [0, 1, 999, 1_000, 20_940, 999_949, 999_950, 1_500_000_000, 7_000_000_000_000];
        assert_eq!(
            sizes.map(size),
            ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "20.9 kB", "999.9 kB", "1.0 MB", "1.5 GB", "7.0 TB"]
        );
    }
}
