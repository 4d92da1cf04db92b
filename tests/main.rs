//! Promises that Stemmata keeps, one a file.

mod answers;
mod cli;
mod correlation;
mod crawl;
mod durability;
mod faults;
mod generator;
mod golden;
mod history;
mod import;
mod layering;
mod lineage;
mod provenance;
mod support;
