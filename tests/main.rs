//! Promises that Stemmata keeps, one a file.

mod cli;
mod support;
