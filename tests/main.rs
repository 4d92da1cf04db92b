//! Promises that Stemmata keeps, one a file.

mod answers;
mod cli;
mod comfyui;
mod containers;
mod correlation;
mod crawl;
mod dialects;
mod durability;
mod faults;
mod generator;
mod golden;
mod history;
mod import;
mod layering;
mod lineage;
mod local_models;
mod promises;
mod scan;
mod show;
mod support;
