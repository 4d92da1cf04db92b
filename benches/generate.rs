//! Writes seeded, realistic records for benchmarks and tests.

fn main() {}
