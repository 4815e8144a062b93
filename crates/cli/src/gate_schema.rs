//! What a condition of a gate may be held against, by the schemas of the files: before anything is
//! sent, where the figures themselves are not there yet.

use serde_json::Value;

/// A schema of levels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Levels {
    /// Of `comparison.json`.
    Run,
    /// Of `compare --json`.
    Compare,
}

/// What stands under a key of a level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum KeyContent {
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// One of these words.
    OneOf(Vec<String>),
    /// Some text.
    Text,
    /// A list, or an object with these keys: no figure.
    Parts(Vec<String>),
    /// The schema does not say.
    Unknown,
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WrongPath {
    /// There is no such key.
    NoKey {
        /// The one that was asked for.
        key: String,
        /// Those that there are.
        keys: Vec<String>,
    },
    /// A list is taken by position, which this is none of.
    NoPosition(String),
}

impl Levels {
    fn root(self) -> Value {
        let text = match self {
            Self::Run => include_str!("../../../schema/comparison.schema.json"),
            Self::Compare => include_str!("../../../schema/compare.schema.json"),
        };
        serde_json::from_str(text).unwrap_or_default()
    }

    /// What stands at a path of a level.
    ///
    /// # Errors
    /// [`WrongPath`] where nothing can.
    pub(crate) fn holds(self, path: &[String]) -> Result<KeyContent, WrongPath> {
        let root = self.root();
        let level = match self {
            Self::Run => "/properties/levels/items",
            Self::Compare => "/$defs/level",
        };
        let mut node = root.pointer(level).unwrap_or(&Value::Null);
        let mut before = None;
        for key in path {
            node = opened(&root, node);
            if node.get("items").is_some() {
                if key.parse::<usize>().is_err() {
                    return Err(WrongPath::NoPosition(key.clone()));
                }
                node = &node["items"];
                continue;
            }
            // Parts that have a metric of their own have the same figures as the level's.
            let bare = keys(node).is_empty() && node["type"] == "object";
            if bare && before == Some("ttft") {
                node = &root.pointer(level).unwrap_or(&Value::Null)["properties"]["ttft"];
            } else if bare {
                return Ok(KeyContent::Unknown);
            }
            before = Some(key.as_str());
            let keys = keys(node);
            node = match node.pointer("/properties").and_then(|all| all.get(key)) {
                Some(found) => found,
                None => {
                    let key = key.clone();
                    return Err(WrongPath::NoKey { key, keys });
                }
            };
        }
        Ok(held(opened(&root, node)))
    }
}

fn keys(node: &Value) -> Vec<String> {
    let object = node["properties"].as_object();
    object.map_or_else(Vec::new, |object| object.keys().cloned().collect())
}

/// Behind a reference, and of alternatives the one that is not null.
fn opened<'a>(root: &'a Value, node: &'a Value) -> &'a Value {
    if let Some(path) = node["$ref"].as_str() {
        let found = root.pointer(path.trim_start_matches('#'));
        return opened(root, found.unwrap_or(&Value::Null));
    }
    let several = node.get("oneOf").or(node.get("anyOf"));
    let several = several.and_then(Value::as_array);
    match several.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        Some(one) => opened(root, one),
        None => node,
    }
}

fn held(node: &Value) -> KeyContent {
    if let Some(words) = node["enum"].as_array() {
        let words = words.iter().filter_map(Value::as_str);
        return KeyContent::OneOf(words.map(str::to_owned).collect());
    }
    if has_type(node, "number") || has_type(node, "integer") {
        KeyContent::Number
    } else if has_type(node, "boolean") {
        KeyContent::Flag
    } else if has_type(node, "string") {
        KeyContent::Text
    } else if has_type(node, "object") || has_type(node, "array") {
        KeyContent::Parts(keys(node))
    } else {
        KeyContent::Unknown
    }
}

/// The type is this one, or this one is among several.
fn has_type(node: &Value, name: &str) -> bool {
    let several = node["type"].as_array();
    node["type"] == name || several.is_some_and(|all| all.iter().any(|one| one == name))
}

#[cfg(test)]
mod tests {
    use super::{KeyContent, Levels, WrongPath};

    fn at(levels: Levels, path: &str) -> Result<KeyContent, WrongPath> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        levels.holds(&path)
    }

    #[test]
    fn paths_lead_where_the_schemas_say() {
        assert_eq!(at(Levels::Run, "ttft.ratio"), Ok(KeyContent::Number));
        assert_eq!(
            at(Levels::Run, "external.ttft.ratio"),
            Ok(KeyContent::Number)
        );
        assert_eq!(
            at(Levels::Run, "classes.0.requests"),
            Ok(KeyContent::Number)
        );
        assert_eq!(
            at(Levels::Run, "conclusion.cache_evidence"),
            Ok(KeyContent::Flag)
        );
        assert!(matches!(at(Levels::Run, "ttft"), Ok(KeyContent::Parts(_))));
        assert!(matches!(
            at(Levels::Run, "ttft.interval_kind"),
            Ok(KeyContent::OneOf(words)) if words.contains(&"allowed".to_owned())
        ));
        assert_eq!(at(Levels::Compare, "worse"), Ok(KeyContent::Number));
        assert!(matches!(
            at(Levels::Compare, "warm.ttft.judgement"),
            Ok(KeyContent::OneOf(_))
        ));
        for path in ["ttft.ratio.x", "classes.0.foo", "external.foo", "no"] {
            assert!(
                matches!(at(Levels::Run, path), Err(WrongPath::NoKey { .. })),
                "{path}"
            );
        }
        let lost = at(Levels::Run, "classes.first.ratio");
        assert_eq!(lost, Err(WrongPath::NoPosition("first".to_owned())));
    }
}
