//! Promises that Stemmata keeps, one a file.

mod answers;
mod cli;
mod crawl;
mod faults;
mod generator;
mod layering;
mod lineage;
mod support;
