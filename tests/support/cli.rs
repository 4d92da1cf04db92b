//! The built command, run in a home of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A temporary home.
pub(crate) struct Home {
    dir: TempDir,
}

/// What one run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// The data.
    pub(crate) stdout: String,
    /// The talk.
    pub(crate) stderr: String,
}

impl Home {
    /// An empty home.
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary folder") }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The command with this home, in a bare environment, so that the caller's settings do not reach it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stemmata"));
        command
            .env_clear()
            .env("STEMMATA_HOME", self.path())
            .current_dir(self.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().expect("the command starts");
        Answer::of(output)
    }

    /// Runs to the end with `input` on stdin.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Answer {
        let mut child = self.piped(arguments);
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // A command that refuses its input may end before it has read it.
        stdin.write_all(input).unwrap_or_default();
        drop(stdin);
        Answer::of(child.wait_with_output().expect("the command ends"))
    }

    /// Starts it with all three streams piped.
    pub(crate) fn piped(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts")
    }
}

impl Answer {
    /// What a process that has ended printed.
    pub(crate) fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// The one error object on stderr.
    #[track_caller]
    pub(crate) fn error(&self) -> serde_json::Value {
        assert_eq!(self.stdout, "", "a failure leaves stdout empty");
        let error: serde_json::Value =
            serde_json::from_str(&self.stderr).expect("stderr holds one JSON object");
        assert_eq!(error["type"], "error");
        error
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).expect("stdout holds one JSON object")
    }

    /// The objects on stdout, one a line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}
