//! Promises that Stemmata keeps, one a file.

mod answers;
mod cli;
mod correlation;
mod crawl;
mod faults;
mod generator;
mod golden;
mod layering;
mod support;
