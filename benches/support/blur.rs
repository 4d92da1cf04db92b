//! Random numbers in, BlurHashes of 4 by 4 components out: valid, and spread like those of pictures.

use super::rng::Rng;

/// The digits of BlurHash's base 83, in order of value.
const ALPHABET: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// Length of a hash of 4 by 4 components, in characters.
const LENGTH: usize = 36;

/// Components on each side.
const SIDE: u64 = 4;

/// The numbers in a BlurHash before they are spelt: the largest amplitude, the mean colour, and three
/// digits of 0..=18 (red, green, blue) for each of the 15 other components.
pub(crate) struct Blur {
    amplitude: u64,
    mean: u64,
    components: [[u64; 3]; 15],
}

impl Blur {
    /// Draws a picture: low frequencies are stronger than high ones, and channels go together.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let amplitude = 8 + rng.below(45);
        let mean = rng.below(1 << 24);
        let mut components = [[9; 3]; 15];
        for (place, component) in (1..).zip(&mut components) {
            let frequency = place % SIDE + place / SIDE;
            let deviation = 4.2 / (1.0 + 0.35 * frequency as f64);
            let brightness = rng.gauss() * deviation;
            for digit in component {
                let value = 9.0 + brightness + rng.gauss() * deviation * 0.35;
                *digit = value.round().clamp(0.0, 18.0) as u64;
            }
        }
        Self { amplitude, mean, components }
    }

    /// Moves about one digit in eight by one step, as saving a picture again does.
    pub(crate) fn disturb(&mut self, rng: &mut Rng) {
        for digit in self.components.iter_mut().flatten() {
            if rng.chance(0.12) {
                *digit = if rng.chance(0.5) { (*digit + 1).min(18) } else { digit.saturating_sub(1) };
            }
        }
    }

    /// Spells it.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::with_capacity(LENGTH);
        push_digits(&mut text, (SIDE - 1) + (SIDE - 1) * 9, 1);
        push_digits(&mut text, self.amplitude, 1);
        push_digits(&mut text, self.mean, 4);
        for [red, green, blue] in self.components {
            push_digits(&mut text, (red * 19 + green) * 19 + blue, 2);
        }
        text
    }
}

/// Appends the last `places` digits of `value` in base 83.
fn push_digits(text: &mut String, value: u64, places: u32) {
    for place in (0..places).rev() {
        text.push(char::from(ALPHABET[(value / 83_u64.pow(place) % 83) as usize]));
    }
}
