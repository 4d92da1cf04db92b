//! Promises that Stemmata keeps, one a file.

mod generator;
mod layering;
