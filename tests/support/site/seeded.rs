//! Faults that follow from a seed and the number of a request.

use super::super::demo_site::faults::mix;
use super::Fault;

/// Most requests in a row that fail, so that patience has an end that can be tested.
const MOST_IN_A_ROW: u32 = 3;

/// Which requests fail, and how.
#[derive(Clone, Debug)]
pub(crate) struct Seeded {
    seed: u64,
    /// Of 1000 requests.
    per_mille: u64,
    kinds: Vec<Fault>,
    in_a_row: u32,
}

impl Seeded {
    /// Lets `per_mille` of 1000 requests fail in one of `kinds`, at most three in a row.
    pub(crate) fn new(seed: u64, per_mille: u64, kinds: Vec<Fault>) -> Self {
        assert!(!kinds.is_empty(), "a fault is of a kind");
        Self { seed, per_mille, kinds, in_a_row: 0 }
    }

    /// Faults after which the same question, asked again, gets its answer.
    pub(crate) fn passing() -> Vec<Fault> {
        vec![
            Fault::Status(500),
            Fault::Status(502),
            Fault::Status(503),
            Fault::Status(522),
            Fault::Status(429),
            Fault::RetryAfter(503, "0".to_owned()),
            Fault::Html(200),
            Fault::Html(502),
            Fault::BrokenOff,
            Fault::Reset,
            Fault::CutShort,
            Fault::Garbled,
            Fault::Empty,
        ]
    }

    /// The fault of request `number`.
    pub(super) fn pick(&mut self, number: u64) -> Fault {
        let drawn = mix(self.seed ^ mix(number));
        if drawn % 1_000 >= self.per_mille || self.in_a_row >= MOST_IN_A_ROW {
            self.in_a_row = 0;
            return Fault::None;
        }
        self.in_a_row += 1;
        let kinds = self.kinds.len() as u64;
        self.kinds[usize::try_from((drawn >> 32) % kinds).expect("fewer kinds than addresses")].clone()
    }
}
