//! Query text to tokens.
