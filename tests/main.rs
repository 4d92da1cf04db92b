//! Promises that Stemmata keeps, one a file.

mod cli;
mod crawl;
mod faults;
mod generator;
mod layering;
mod support;
