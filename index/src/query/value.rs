//! Text of one value to a condition.
