//! A metrics page after parsing, and how an asked name is found on it.

use std::collections::BTreeMap;

/// A type of metric, as `# TYPE` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromType {
    /// Goes up only.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets, sum and count.
    Histogram,
    /// Quantiles, sum and count.
    Summary,
    /// Not said.
    Untyped,
}

impl PromType {
    /// The name, as pages have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }
}

/// One sample line of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct PromSample {
    /// The name as it stands on the page.
    pub name: String,
    /// Labels in order.
    pub labels: Vec<(String, String)>,
    /// The value; NaN and infinities are allowed.
    pub value: f64,
}

impl PromSample {
    /// Its series as a selector of its own: `name{label="value"}`.
    pub fn series(&self) -> String {
        let labels = self.labels.iter();
        let labels: Vec<String> = labels
            .map(|(key, value)| format!("{key}={value:?}"))
            .collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }
}

/// The name with `_total` where it had none, else without.
pub fn toggled_total(name: &str) -> String {
    match name.strip_suffix("_total") {
        Some(base) => base.to_owned(),
        None => format!("{name}_total"),
    }
}

/// A parsed page of metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// Samples in order.
    pub samples: Vec<PromSample>,
    /// Declared types by family name.
    pub types: BTreeMap<String, PromType>,
    /// Lines that could not be read; each costs only itself.
    pub bad_lines: u64,
}

/// The metric that an asked name was found to be, with its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundMetric<'a> {
    /// The name found, which may differ from the asked one by `_total`.
    pub name: String,
    /// Its type.
    pub kind: PromType,
    /// Its samples, at least one: of a histogram `_bucket`, `_sum` and `_count`.
    pub samples: Vec<&'a PromSample>,
}

impl Scrape {
    /// The distinct sample names, sorted, with a histogram's parts under its family name.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.samples.iter().map(|s| self.family(&s.name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The name of the family that a sample of this name is a part of; else the name itself.
    fn family<'a>(&'a self, name: &'a str) -> &'a str {
        let parts = ["_bucket", "_sum", "_count"].iter();
        let mut bases = parts.filter_map(|part| name.strip_suffix(part));
        bases.find(|base| self.has_parts(base)).unwrap_or(name)
    }

    /// Whether the family of this name is made of parts: buckets or quantiles, sum and count.
    fn has_parts(&self, family: &str) -> bool {
        let kind = self.types.get(family);
        matches!(kind, Some(PromType::Histogram | PromType::Summary))
    }

    /// Finds an asked name: exactly, else with or without `_total`, else as a histogram family.
    /// A `_created` series is found only under its own full name.
    pub fn find(&self, asked: &str) -> Option<FoundMetric<'_>> {
        let toggled = toggled_total(asked);
        for name in [asked, toggled.as_str()] {
            let parts = self.has_parts(name);
            let samples: Vec<&PromSample> = self
                .samples
                .iter()
                .filter(|s| s.name == name || (parts && self.family(&s.name) == name))
                .collect();
            if !samples.is_empty() {
                return Some(FoundMetric {
                    name: name.to_owned(),
                    kind: self.kind(name),
                    samples,
                });
            }
        }
        None
    }

    /// The type of what has this name.
    pub(crate) fn kind(&self, name: &str) -> PromType {
        // A part of a family only grows.
        if self.family(name) != name {
            return PromType::Counter;
        }
        let base = name.strip_suffix("_total");
        let declared = self
            .types
            .get(name)
            .or_else(|| base.and_then(|base| self.types.get(base)));
        match declared {
            Some(PromType::Untyped) | None if base.is_some() => PromType::Counter,
            Some(kind) => *kind,
            None => PromType::Untyped,
        }
    }
}
