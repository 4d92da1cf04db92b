//! Promises that Stemmata keeps, one a file.
