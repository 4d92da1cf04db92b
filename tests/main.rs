//! Promises that Stemmata keeps, one a file.

mod cli;
mod generator;
mod layering;
mod support;
