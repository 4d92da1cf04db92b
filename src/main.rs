//! The `stemmata` command: arguments in, data on stdout, talk on stderr, an exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main(std::env::args_os().collect())
}
