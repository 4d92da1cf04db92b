//! Promises that Stemmata keeps, one a file.

mod answers;
mod broken;
mod cli;
mod correlation;
mod coverage;
mod coverage_told;
mod crash;
mod crawl;
mod durability;
mod eras;
mod faults;
mod generator;
mod golden;
mod history;
mod import;
mod layering;
mod lineage;
mod resolve;
mod singles;
mod site;
mod support;
mod sync;
mod upkeep;
