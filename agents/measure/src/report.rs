//! A row of the table, and a line of JSON.

use std::fmt;

use serde::Serialize;

/// What a figure should reach.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// The value itself, at most.
    ValueAtMost(f64),
    /// Value over floor, at most.
    RatioAtMost(f64),
    /// Value over floor, at least.
    RatioAtLeast(f64),
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// How much it was.
    pub value: f64,
    /// In what.
    pub unit: &'static str,
    /// The least that it can be, measured in the same run.
    pub floor: Option<f64>,
    /// Value over floor; the median over rounds where there are rounds.
    pub ratio: Option<f64>,
    /// What it should be: of the ratio if there is one, else of the value.
    pub target: Option<f64>,
    /// Whether it is.
    pub ok: Option<bool>,
}

impl Row {
    /// A figure by itself.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        let (floor, ratio, target, ok) = (None, None, None, None);
        Self { name: name.into(), value: round(value), unit, floor, ratio, target, ok }
    }

    /// Beside a floor; the ratio is value over floor.
    #[must_use]
    pub fn floor(self, floor: f64) -> Self {
        let ratio = self.value / floor;
        self.floor_and_ratio(floor, ratio)
    }

    /// Beside a floor, with a ratio that was measured otherwise.
    #[must_use]
    pub fn floor_and_ratio(mut self, floor: f64, ratio: f64) -> Self {
        self.floor = Some(round(floor));
        self.ratio = Some(round(ratio));
        self
    }

    /// With what it should reach, and whether it does.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        let (target, ok) = match target {
            Target::ValueAtMost(max) => (max, Some(self.value <= max)),
            Target::RatioAtMost(max) => (max, self.ratio.map(|ratio| ratio <= max)),
            Target::RatioAtLeast(min) => (min, self.ratio.map(|ratio| ratio >= min)),
        };
        self.target = Some(target);
        self.ok = ok;
        self
    }
}

/// Four digits that count; more would only be noise.
fn round(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(-12, 12));
    (value * scale).round() / scale
}

/// The head of the table whose lines are the rows.
#[must_use]
pub fn table_head() -> String {
    format!(
        "{:<34} {:>10} {:<12} {:>10} {:>7} {:>7}  ok",
        "name", "value", "unit", "floor", "ratio", "target"
    )
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let ok = match self.ok {
            None => "-",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        write!(
            f,
            "{:<34} {:>10} {:<12} {:>10} {:>7} {:>7}  {ok}",
            self.name,
            self.value,
            self.unit,
            shown(self.floor),
            shown(self.ratio),
            shown(self.target),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_has_the_seven_fields_of_the_design() {
        let row = Row::new("relay", 65.4321, "us").floor(50.0).target(Target::RatioAtMost(1.3));
        let json = serde_json::to_string(&row).unwrap();
        let expected = r#"{"name":"relay","value":65.43,"unit":"us","floor":50.0,"ratio":1.309,"target":1.3,"ok":false}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn targets_are_of_the_ratio_or_of_the_value() {
        let row = Row::new("idle", 20.0, "KiB").floor(10.0);
        assert_eq!(row.clone().target(Target::ValueAtMost(40.0)).ok, Some(true));
        assert_eq!(row.clone().target(Target::RatioAtLeast(0.7)).ok, Some(true));
        assert_eq!(row.target(Target::RatioAtMost(1.3)).ok, Some(false));
    }
}
