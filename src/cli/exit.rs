//! The exit codes, which scripts may rely on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done.
    Done,
    /// Something failed that no other code names, such as the file system.
    General,
    /// A wrong flag or value, or a query that cannot be read.
    Usage,
    /// The site refused the token, or wants one.
    Authentication,
    /// The thing asked for is not known.
    NotFound,
    /// The site could not be reached, or `--offline` forbade to try.
    Network,
    /// The site asked to slow down, and went on asking.
    RateLimited,
    /// Done, but some items failed; the summary names them.
    Partial,
    /// The catalog or the index is missing, locked by another process, or must be rebuilt.
    Unready,
    /// A check found problems.
    Problems,
    /// Stopped by Ctrl-C; the same line again goes on.
    Interrupted,
}

impl Exit {
    /// Every code with its meaning, in the order of the help page.
    const TABLE: [(Self, &str); 11] = [
        (Self::Done, "done"),
        (Self::General, "failed, for a reason without a code of its own"),
        (Self::Usage, "wrong usage, or a query that cannot be read"),
        (Self::Authentication, "the site refused the token, or wants one"),
        (Self::NotFound, "not found"),
        (Self::Network, "the site could not be reached, or --offline forbade it"),
        (Self::RateLimited, "the site limits the rate, or takes this program for a robot"),
        (Self::Partial, "done in part: some items failed"),
        (Self::Unready, "catalog or index missing, locked, or to be rebuilt"),
        (Self::Problems, "a check found problems"),
        (Self::Interrupted, "interrupted; run the same line again to go on"),
    ];

    /// The number that the process exits with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::General => 1,
            Self::Usage => 2,
            Self::Authentication => 3,
            Self::NotFound => 4,
            Self::Network => 5,
            Self::RateLimited => 6,
            Self::Partial => 7,
            Self::Unready => 8,
            Self::Problems => 9,
            Self::Interrupted => 130,
        }
    }

    /// The table as the help page prints it.
    pub(crate) fn help_table() -> String {
        let mut text = String::from("Exit codes:\n");
        for (exit, meaning) in Self::TABLE {
            text.push_str(&format!("  {:>3}  {meaning}\n", exit.code()));
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_table_names_each_code_once_in_rising_order() {
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130]);
        assert_eq!(Exit::help_table().lines().count(), 1 + codes.len());
    }
}
