//! The figures: as a table for people, as JSON for programs, as Markdown for
//! the book.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::yardstick::Beside;

/// One figure.
///
/// `target` and `baseline` are in the unit of the value: a target of so many
/// times a baseline is that product, measured in the same run.
///
/// `share` is the value in units of the yardstick that was measured beside it;
/// for a time, how often the yardstick is done in it. On a machine that is busy
/// or slower the share counts: it has to be what the target is of the yardstick
/// of a calm run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: String,
    target: Option<f64>,
    baseline: Option<f64>,
    /// The value, measured in baselines.
    ratio: Option<f64>,
    /// What the value was held against.
    yardstick: Option<String>,
    share: Option<f64>,
    /// The share that the target has of the yardstick of a calm run.
    target_share: Option<f64>,
    met: Option<bool>,
    /// Which of the two met the target, where one did.
    met_by: Option<MetBy>,
}

/// What met a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MetBy {
    /// The value itself.
    Value,
    /// The value's share of the yardstick.
    Share,
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
            yardstick: None,
            share: None,
            target_share: None,
            met: None,
            met_by: None,
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
        self.judge(self.value >= target);
        self
    }

    /// The value must be at most this.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(rounded(target));
        self.judge(self.value <= target);
        self
    }

    fn judge(&mut self, met: bool) {
        self.met = Some(met);
        self.met_by = met.then_some(MetBy::Value);
    }

    /// Holds the value, and its target, against what the machine itself did
    /// meanwhile.
    pub(crate) fn beside(mut self, beside: Beside) -> Self {
        let calm = beside.yardstick.calm();
        self.yardstick = Some(beside.yardstick.name().to_owned());
        let is_time = self.unit == "ms";
        let share = |value: f64, per_second: f64| {
            if is_time {
                value / 1_000.0 * per_second
            } else {
                value / per_second
            }
        };
        let own = share(self.value, beside.per_second);
        self.share = Some(rounded(own));
        if let (Some(target), Some(calm)) = (self.target, calm) {
            let wanted = share(target, calm);
            self.target_share = Some(rounded(wanted));
            let met = if is_time {
                own <= wanted
            } else {
                own >= wanted
            };
            if self.met == Some(false) && met {
                self.met = Some(true);
                self.met_by = Some(MetBy::Share);
            }
        }
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

    fn cells(&self) -> [String; COLUMNS] {
        let optional = |value: Option<f64>| value.map_or_else(String::new, number);
        [
            self.name.clone(),
            format!("{} {}", number(self.value), self.unit),
            optional(self.target),
            optional(self.baseline),
            self.ratio
                .map_or_else(String::new, |ratio| format!("{} x", number(ratio))),
            match (self.share, self.target_share, &self.yardstick) {
                (Some(share), Some(wanted), Some(name)) => {
                    format!("{} of {} {name}", number(share), number(wanted))
                }
                (Some(share), None, Some(name)) => format!("{} {name}", number(share)),
                _ => String::new(),
            },
            match (self.met, self.met_by) {
                (Some(true), Some(MetBy::Share)) => "by share".to_owned(),
                (Some(true), _) => "yes".to_owned(),
                (Some(false), _) => "NO".to_owned(),
                (None, _) => String::new(),
            },
        ]
    }
}

/// All figures of a run, in their order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Report(Vec<Figure>);

const COLUMNS: usize = 7;
const HEADINGS: [&str; COLUMNS] = [
    "work", "value", "target", "baseline", "ratio", "share", "met",
];

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
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
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
                table.push_str("|---|--:|--:|--:|--:|--:|:-:|\n");
            }
        }
        table
    }

    fn rows(&self) -> impl Iterator<Item = [String; COLUMNS]> {
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
        0.1.. => 3,
        _ => 5,
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
