//! Flags that say what to find, for every command that takes a query.

use std::path::PathBuf;

use clap::Args;

use crate::cli::query_words::unprotect;

/// A query, in one of its forms.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct QueryFlags {
    /// Words of the prompt, "phrases", field:value, -excluded, a or b; `-` reads the query from stdin
    ///
    /// `stemmata help query` and `stemmata help fields` tell the rest.
    #[arg(value_name = "QUERY", value_parser = unprotect)]
    #[arg(required_unless_present_any = ["query_file", "ast", "like_prompt"])]
    #[arg(add = clap_complete::engine::ArgValueCompleter::new(crate::cli::complete::query_word))]
    pub(crate) query: Vec<String>,
    /// Read the query from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["query", "ast"])]
    pub(crate) query_file: Option<PathBuf>,
    /// Read the query as JSON, as `search --explain=json` prints it; `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with = "query")]
    pub(crate) ast: Option<PathBuf>,
    /// Rank by the words shared with this prompt, in which nothing is an operator
    #[arg(long, value_name = "TEXT", value_parser = unprotect)]
    pub(crate) like_prompt: Option<String>,
    /// Take unknown fields and aliases for text, and say so
    #[arg(long)]
    pub(crate) lenient: bool,
}
