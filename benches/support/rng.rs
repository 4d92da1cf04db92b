//! Numbers in, the same numbers out: seeded randomness that does not depend on threads or platform.

/// SplitMix64. One stream for each thing that is drawn, so that things can be drawn in any order.
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream for item `index` of `domain` (a word such as `"run"`) under `seed`.
    pub(crate) fn stream(seed: u64, domain: &str, index: u64) -> Self {
        // FNV-1a: domains are short constants, so that spreading them is all that is asked of it.
        let name = domain.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let mut rng = Self(seed.rotate_left(32) ^ name);
        rng.0 = rng.next_u64() ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        rng.0 = rng.next_u64();
        rng
    }

    /// 64 even bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether an event of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A place in a list of `length` items.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.place(items.len())]
    }

    /// One of `items`, which must not be empty, each as likely as the weight beside it.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(T, u64)]) -> T {
        let mut left = self.below(items.iter().map(|item| item.1).sum());
        for &(item, weight) in items {
            if left < weight {
                return item;
            }
            left -= weight;
        }
        items[0].0
    }

    /// A number from the normal distribution: mean 0, deviation 1.
    pub(crate) fn gauss(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// `digits` hexadecimal digits in lower case.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits);
        while text.len() < digits {
            let bits = self.next_u64();
            let room = (digits - text.len()).min(16);
            text.extend(
                (0..room).map(|place| char::from(b"0123456789abcdef"[(bits >> (4 * place)) as usize & 15])),
            );
        }
        text
    }
}

/// Ranks by Zipf's law: rank `k` is drawn in proportion to `1 / (k + 1 + shift)^exponent`.
pub(crate) struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    /// A law over `ranks` ranks, at least one.
    pub(crate) fn new(ranks: usize, exponent: f64, shift: f64) -> Self {
        let mut total = 0.0;
        let mut cumulative = Vec::with_capacity(ranks);
        for rank in 0..ranks.max(1) {
            total += (rank as f64 + 1.0 + shift).powf(-exponent);
            cumulative.push(total);
        }
        Self { cumulative }
    }

    /// A rank, 0 the most frequent.
    pub(crate) fn draw(&self, rng: &mut Rng) -> usize {
        let last = self.cumulative.len() - 1;
        let point = rng.unit() * self.cumulative[last];
        self.cumulative.partition_point(|&sum| sum < point).min(last)
    }
}
