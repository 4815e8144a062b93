//! The formats that a user can name.

use crate::{DatasetError, shape::NamedShape, source::RowLayout, trace::TraceKind};

/// What a format fixes: how rows stand in the file, or what a row is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Format {
    pub(crate) layout: Option<RowLayout>,
    pub(crate) shape: Option<NamedShape>,
}

const fn rows_as(layout: RowLayout) -> Format {
    Format {
        layout: Some(layout),
        shape: None,
    }
}

const fn row_of(shape: NamedShape) -> Format {
    Format {
        layout: None,
        shape: Some(shape),
    }
}

const fn trace(kind: TraceKind) -> Format {
    row_of(NamedShape::Trace(kind))
}

const FORMATS: [(&str, Format); 14] = [
    ("jsonl", rows_as(RowLayout::Lines)),
    ("json", rows_as(RowLayout::List)),
    ("csv", rows_as(RowLayout::Table(b','))),
    ("tsv", rows_as(RowLayout::Table(b'\t'))),
    ("text", rows_as(RowLayout::Text)),
    ("parquet", rows_as(RowLayout::Parquet)),
    ("messages", row_of(NamedShape::Messages)),
    ("sharegpt", row_of(NamedShape::Sharegpt)),
    ("longbench", row_of(NamedShape::Longbench)),
    ("mooncake", trace(TraceKind::Mooncake)),
    ("bailian", trace(TraceKind::Bailian)),
    ("burstgpt", trace(TraceKind::Burstgpt)),
    ("azure", trace(TraceKind::Azure)),
    ("weka", trace(TraceKind::Weka)),
];

/// The names of all formats, as help shows them.
pub fn format_names() -> Vec<&'static str> {
    FORMATS.iter().map(|(name, _)| *name).collect()
}

/// What a name fixes.
pub(crate) fn named(name: Option<&str>) -> Result<Format, DatasetError> {
    let Some(name) = name.filter(|name| *name != "auto") else {
        return Ok(Format::default());
    };
    let found = FORMATS.iter().find(|(known, _)| *known == name);
    let found = found.map(|(_, format)| *format);
    found.ok_or_else(|| DatasetError::Format {
        name: name.to_owned(),
        known: format_names().join(", "),
    })
}
