//! What stdout and stderr are attached to, and whether to colour them.

use std::io::IsTerminal as _;

use clap::ValueEnum;

/// Columns assumed where nobody tells.
const DEFAULT_WIDTH: usize = 100;
/// Narrowest table that is worth drawing.
const MIN_WIDTH: usize = 40;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Also into pipes and files.
    Always,
    /// Not at all.
    Never,
}

/// One output stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Whether a person is likely to read it.
    pub(crate) is_terminal: bool,
    /// Columns to fill.
    pub(crate) width: usize,
    /// How to colour it.
    pub(crate) paint: Paint,
}

impl Terminal {
    /// Looks at stdout.
    pub(crate) fn stdout(choice: ColorChoice) -> Self {
        Self::new(choice, std::io::stdout().is_terminal())
    }

    /// Looks at stderr.
    pub(crate) fn stderr(choice: ColorChoice) -> Self {
        Self::new(choice, std::io::stderr().is_terminal())
    }

    fn new(choice: ColorChoice, is_terminal: bool) -> Self {
        let paint = Paint(Wishes::of_environment().color(choice, is_terminal));
        let seen =
            if is_terminal { terminal_size::terminal_size().map(|(width, _)| width.0.into()) } else { None };
        Self { is_terminal, width: width(std::env::var("COLUMNS").ok().as_deref(), seen), paint }
    }
}

/// What the caller says, else what the terminal says. A pipe has no width of its own, so that what is written into
/// one does not depend on the window.
fn width(columns: Option<&str>, seen: Option<usize>) -> usize {
    let said = columns.and_then(|text| text.trim().parse().ok());
    said.or(seen.filter(|seen| *seen > 0)).unwrap_or(DEFAULT_WIDTH).max(MIN_WIDTH)
}

/// What the environment says about colour.
#[derive(Clone, Copy, Debug, Default)]
struct Wishes {
    no_color: bool,
    force: bool,
    dumb: bool,
}

impl Wishes {
    fn of_environment() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            no_color: is_set("NO_COLOR"),
            force: std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0"),
            dumb: std::env::var_os("TERM").is_some_and(|value| value == "dumb"),
        }
    }

    fn color(self, choice: ColorChoice, is_terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !self.no_color && (self.force || (is_terminal && !self.dumb)),
        }
    }
}

/// Adds colour, or does not. Words carry the meaning; colour only helps the eye.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// Headings.
    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What went wrong.
    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// What may be wrong.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.wrap("1;33", text)
    }

    /// What to try.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.wrap("1;36", text)
    }

    /// What a query asked for.
    pub(crate) fn mark(self, text: &str) -> String {
        self.wrap("1;35", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_beats_the_environment_and_the_environment_beats_the_terminal() {
        let nothing = Wishes::default();
        let no_color = Wishes { no_color: true, ..nothing };
        let force = Wishes { force: true, ..nothing };
        let dumb = Wishes { dumb: true, ..nothing };
        assert!(nothing.color(ColorChoice::Auto, true));
        assert!(!nothing.color(ColorChoice::Auto, false));
        assert!(!no_color.color(ColorChoice::Auto, true));
        assert!(no_color.color(ColorChoice::Always, false));
        assert!(force.color(ColorChoice::Auto, false));
        assert!(!dumb.color(ColorChoice::Auto, true));
        assert!(!nothing.color(ColorChoice::Never, true));
    }

    #[test]
    fn a_width_that_is_no_number_or_too_small_is_replaced() {
        assert_eq!(width(Some("132"), None), 132);
        assert_eq!(width(Some("3"), None), MIN_WIDTH);
        assert_eq!(width(Some("wide"), None), DEFAULT_WIDTH);
        assert_eq!(width(None, None), DEFAULT_WIDTH);
    }

    #[test]
    fn the_terminal_is_asked_where_the_caller_says_nothing() {
        assert_eq!(width(None, Some(80)), 80);
        assert_eq!(width(Some("132"), Some(80)), 132);
        assert_eq!(width(Some("wide"), Some(80)), 80);
        assert_eq!(width(None, Some(0)), DEFAULT_WIDTH);
    }
}
