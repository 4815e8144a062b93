//! What `--format` can say.

use crate::{DatasetError, shape::Named, source::Layout};

/// The names, with what each fixes: how rows stand in the file, what a row is.
const FORMATS: [(&str, Option<Layout>, Option<Named>); 14] = [
    ("jsonl", Some(Layout::Lines), None),
    ("json", Some(Layout::List), None),
    ("csv", Some(Layout::Table(b',')), None),
    ("tsv", Some(Layout::Table(b'\t')), None),
    ("text", Some(Layout::Text), None),
    ("parquet", Some(Layout::Parquet), None),
    ("messages", None, Some(Named::Messages)),
    ("sharegpt", None, Some(Named::Sharegpt)),
    ("longbench", None, Some(Named::Longbench)),
    ("mooncake", None, Some(Named::Mooncake)),
    ("bailian", None, Some(Named::Bailian)),
    ("burstgpt", None, Some(Named::Burstgpt)),
    ("azure", None, Some(Named::Azure)),
    ("weka", None, Some(Named::Weka)),
];

/// The names of all formats, for help.
pub fn format_names() -> Vec<&'static str> {
    FORMATS.iter().map(|(name, ..)| *name).collect()
}

/// What a name fixes.
pub(crate) fn named(name: Option<&str>) -> Result<(Option<Layout>, Option<Named>), DatasetError> {
    let Some(name) = name.filter(|name| *name != "auto") else {
        return Ok((None, None));
    };
    let found = FORMATS.iter().find(|(known, ..)| *known == name);
    let found = found.ok_or_else(|| {
        let names = format_names().join(", ");
        DatasetError::Invalid(format!("--format {name}: choose auto, {names}"))
    })?;
    Ok((found.1, found.2))
}
