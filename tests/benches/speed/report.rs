//! The figures: as a table for people, as JSON for programs, as Markdown for
//! the book.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// One figure.
///
/// `target` and `baseline` are in the unit of the value: a target of so many
/// times a baseline is that product, measured in the same run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: String,
    target: Option<f64>,
    baseline: Option<f64>,
    /// The value, measured in baselines.
    ratio: Option<f64>,
    met: Option<bool>,
}

impl Figure {
    /// A figure that nothing is asked of.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            value: rounded(value),
            unit: unit.to_owned(),
            target: None,
            baseline: None,
            ratio: None,
            met: None,
        }
    }

    /// Something that happens so often a second.
    pub(crate) fn a_second(name: impl Into<String>, value: f64) -> Self {
        Self::new(name, value, "per second")
    }

    /// Something that takes so many milliseconds.
    pub(crate) fn milliseconds(name: impl Into<String>, value: f64) -> Self {
        Self::new(name, value, "ms")
    }

    /// The value must be at least this.
    pub(crate) fn at_least(mut self, target: f64) -> Self {
        self.target = Some(rounded(target));
        self.met = Some(self.value >= target);
        self
    }

    /// The value must be at most this.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(rounded(target));
        self.met = Some(self.value <= target);
        self
    }

    /// What the value is compared with.
    pub(crate) fn against(mut self, baseline: f64) -> Self {
        self.baseline = Some(rounded(baseline));
        self.ratio = Some(rounded(self.value / baseline));
        self
    }

    /// The value must be at least so many times what it is compared with.
    pub(crate) fn at_least_times(self, times: f64, baseline: f64) -> Self {
        self.against(baseline).at_least(times * baseline)
    }

    fn cells(&self) -> [String; 6] {
        let optional = |value: Option<f64>| value.map_or_else(String::new, number);
        [
            self.name.clone(),
            format!("{} {}", number(self.value), self.unit),
            optional(self.target),
            optional(self.baseline),
            self.ratio
                .map_or_else(String::new, |ratio| format!("{} x", number(ratio))),
            match self.met {
                Some(true) => "yes".to_owned(),
                Some(false) => "NO".to_owned(),
                None => String::new(),
            },
        ]
    }
}

/// All figures of a run, in their order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Report(Vec<Figure>);

const HEADINGS: [&str; 6] = ["work", "value", "target", "baseline", "ratio", "met"];

impl Report {
    /// Adds a figure.
    pub(crate) fn add(&mut self, figure: Figure) {
        crate::say(&format!(
            "{}: {} {}",
            figure.name,
            number(figure.value),
            figure.unit
        ));
        self.0.push(figure);
    }

    /// The figures of an earlier run.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{}: run `make bench` first", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Keeps the figures for programs.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(file, text).with_context(|| file.display().to_string())
    }

    /// For a terminal.
    pub(crate) fn table(&self) -> String {
        let rows: Vec<_> = self.rows().collect();
        let widths: [usize; 6] = std::array::from_fn(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or_default()
        });
        let mut table = String::new();
        for row in rows {
            let mut line = format!("{:<1$}", row[0], widths[0]);
            for column in 1..row.len() {
                let _ = write!(line, "  {:>1$}", row[column], widths[column]);
            }
            let _ = writeln!(table, "{}", line.trim_end());
        }
        table
    }

    /// For the book.
    pub(crate) fn markdown(&self) -> String {
        let mut table = String::new();
        for (place, row) in self.rows().enumerate() {
            let _ = writeln!(table, "| {} |", row.join(" | "));
            if place == 0 {
                table.push_str("|---|--:|--:|--:|--:|:-:|\n");
            }
        }
        table
    }

    fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        let headings = HEADINGS.map(str::to_owned);
        std::iter::once(headings).chain(self.0.iter().map(Figure::cells))
    }
}

/// Three digits, or all that stand before the point.
fn rounded(value: f64) -> f64 {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let factor = 10_f64.powi(digits);
    (value * factor).round() / factor
}

/// A number as people write it, thousands apart.
fn number(value: f64) -> String {
    let text = value.to_string();
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut apart = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{apart}.{fraction}"),
        None => apart,
    }
}
