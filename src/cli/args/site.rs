//! Flags of the commands that ask the site.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use stemmata::fetch::Contact;

use super::keep::FollowFlags;

/// The site, how fast, and how far.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Site")]
pub(crate) struct SiteFlags {
    /// Where the API is [default: https://civitai.com/api/v1]
    #[arg(long, value_name = "URL", env = "STEMMATA_API_BASE", hide_env = true)]
    pub(crate) api_base: Option<String>,
    /// File with the site's token, readable only for its owner
    #[arg(long, value_name = "FILE", env = "STEMMATA_TOKEN_FILE", hide_env = true)]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) pace: PaceFlags,
}

/// Who asks, how fast, and how far; of the API and of the host of the pictures alike.
#[derive(Args, Clone, Debug)]
pub(crate) struct PaceFlags {
    /// Your mail or web address, told to the site so that it can ask before it blocks
    #[arg(long, value_name = "MAIL_OR_URL", env = "STEMMATA_CONTACT", hide_env = true, value_parser = contact)]
    pub(crate) contact: Option<Contact>,
    /// Requests a second at most; up to 20
    #[arg(long, value_name = "R", env = "STEMMATA_MAX_RPS", hide_env = true)]
    #[arg(default_value_t = 2.0, value_parser = rate)]
    pub(crate) max_rps: f64,
    /// Requests at once at most; up to 8
    #[arg(long, value_name = "N", env = "STEMMATA_MAX_IN_FLIGHT", hide_env = true)]
    #[arg(default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_in_flight: u16,
    /// Stop after so many requests, repeated tries included
    #[arg(long, value_name = "N", env = "STEMMATA_MAX_REQUESTS", hide_env = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: Option<u64>,
    /// Stop after so many bytes were transferred: 500M, 1G
    #[arg(long, value_name = "SIZE", env = "STEMMATA_MAX_BYTES", hide_env = true, value_parser = size)]
    pub(crate) max_bytes: Option<u64>,
    /// Seconds for one request, from the connection to the last byte
    #[arg(long, value_name = "S", env = "STEMMATA_TIMEOUT", hide_env = true)]
    #[arg(default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) follow: FollowFlags,
}

/// How much of a listing.
#[derive(Args, Clone, Debug)]
pub(crate) struct AmountFlags {
    /// Stop after so many items
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_items: Option<u64>,
}

fn contact(text: &str) -> Result<Contact, String> {
    Contact::parse(text).map_err(|error| format!("it is {error}"))
}

fn rate(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is a number such as 0.5".to_owned())?;
    if (0.001..=10_000.0).contains(&value) {
        Ok(value)
    } else {
        Err("it is a number from 0.001 to 20, or more for a site on this machine".to_owned())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix('s').unwrap_or(text).trim_end();
    let value: f64 = digits.parse().map_err(|_| "it is a number of seconds such as 60".to_owned())?;
    if (0.1..=3600.0).contains(&value) {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err("it is a number of seconds from 0.1 to 3600".to_owned())
    }
}

/// Bytes, with a unit of a thousand (`k`, `M`, `G`, `T`) or of 1024 (`Ki`, `Mi`, `Gi`, `Ti`) and a `B` at will.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "it is a number of bytes such as 500M or 1.5GiB".to_owned();
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor: u64 = match unit.strip_suffix('b').unwrap_or(&unit) {
        "" => 1,
        "k" => 1000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        "ti" => 1 << 40,
        _ => return Err(wrong()),
    };
    let value: f64 = number.parse().map_err(|_| wrong())?;
    // Saturates; a budget beyond what a number holds is none.
    let bytes = (value * factor as f64) as u64;
    if bytes == 0 { Err(wrong()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_with_or_without_a_unit() {
        for (text, bytes) in [
            ("1", 1),
            ("500M", 500_000_000),
            ("500 MB", 500_000_000),
            ("1.5GiB", 3 << 29),
            ("2k", 2000),
            ("2Ki", 2048),
            ("1t", 1_000_000_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "0", "0.1", "M", "1X", "-1", "1e9", "nan", "1.2.3", "1 G B"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_and_a_rate_have_bounds() {
        assert_eq!(seconds("60"), Ok(Duration::from_secs(60)));
        assert_eq!(seconds("2.5s"), Ok(Duration::from_millis(2500)));
        for bad in ["", "0", "-1", "nan", "inf", "3601", "1m"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["", "0", "nan", "inf", "10001"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
