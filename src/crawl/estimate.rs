//! How many requests something will cost, as far as that can be known before. Pure.

use serde::Serialize;

/// Between how many requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// At least so many.
    pub least: u64,
    /// At most so many; `None` when nobody can tell.
    pub most: Option<u64>,
}

impl Requests {
    /// A number that is known.
    pub fn exactly(count: u64) -> Self {
        Self { least: count, most: Some(count) }
    }

    /// At least so many, and nobody knows how many more.
    pub fn from(least: u64) -> Self {
        Self { least, most: None }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let most = self.most.zip(other.most).map(|(one, other)| one.saturating_add(other));
        Self { least: self.least.saturating_add(other.least), most }
    }

    /// No more than `budget`, if there is one.
    #[must_use]
    pub fn within(self, budget: Option<u64>) -> Self {
        let Some(budget) = budget else { return self };
        Self { least: self.least.min(budget), most: Some(self.most.unwrap_or(budget).min(budget)) }
    }

    /// How long they take at so many requests a second, in minutes, without failures and waits.
    ///
    /// `max_rps` is above zero.
    pub fn minutes(self, max_rps: f64) -> Minutes {
        let minutes = |count: u64| (count as f64 / max_rps / 60.0 * 10.0).round() / 10.0;
        Minutes { least: minutes(self.least), most: self.most.map(minutes) }
    }
}

/// Between how many minutes, in tenths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Minutes {
    /// At least so many.
    pub least: f64,
    /// At most so many, if the site answers at once; `None` when nobody can tell.
    pub most: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_tell_stays_open_unless_a_budget_closes_it() {
        let sum = Requests::exactly(3).plus(Requests::from(2));
        assert_eq!(sum, Requests { least: 5, most: None });
        assert_eq!(sum.within(Some(4)), Requests::exactly(4));
        assert_eq!(sum.within(Some(9)), Requests { least: 5, most: Some(9) });
        assert_eq!(sum.within(None), sum);
    }

    #[test]
    fn minutes_follow_from_the_pace() {
        let requests = Requests { least: 0, most: Some(900) };
        assert_eq!(requests.minutes(2.0), Minutes { least: 0.0, most: Some(7.5) });
        assert_eq!(requests.minutes(0.5), Minutes { least: 0.0, most: Some(30.0) });
    }
}
