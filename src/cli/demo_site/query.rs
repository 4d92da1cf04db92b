//! The part of a URL behind the question mark, decoded.

/// The parameters of a request, decoded, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes the part of a URL behind the question mark.
    pub(crate) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter, if it is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// Whether a parameter says yes in one of the words that the site takes for it.
    pub(super) fn says_yes(&self, name: &str) -> bool {
        let yes = ["true", "1", "yes", "on", "y", "enabled"];
        self.get(name).is_some_and(|value| yes.iter().any(|word| value.eq_ignore_ascii_case(word)))
    }

    /// Every value of a parameter.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The numbers in a parameter that joins them by commas; `None` without the parameter.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<u64>> {
        Some(self.get(name)?.split(',').filter_map(|number| number.trim().parse().ok()).collect())
    }

    /// All parameters, in order.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}
