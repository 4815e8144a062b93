//! What rows asked for themselves and got, for their records.

use crate::cold::CacheBreaker;
use dualround_model::{RequestPlan, Sample, masked_fields};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};

/// What rows asked for themselves and got, as JSON; rows that ask for the same share one text.
#[derive(Default)]
pub(crate) struct RowOptions {
    /// Each text that was told of a row, once.
    texts: HashMap<String, Arc<str>>,
}

/// Characters of a value that are told of a row's options.
const TOLD: usize = 200;

impl RowOptions {
    /// The row's own fields in the body that is `sent`, where no flag took their place and nothing fresh.
    pub(crate) fn of(
        &mut self,
        request: &RequestPlan,
        sample: &Sample,
        sent: impl FnOnce() -> Map<String, Value>,
        fresh: Option<&CacheBreaker>,
    ) -> Option<Arc<str>> {
        if sample.options.is_empty() && sample.output_tokens.is_none() {
            return None;
        }
        let mut own = sample.options.clone();
        if let Some(tokens) = sample.output_tokens {
            own.insert(request.max_tokens_field.clone(), json!(tokens));
        }
        let sent = sent();
        let mut told = Map::new();
        for (key, value) in own {
            let salted = matches!(fresh, Some(CacheBreaker::Salt { field, .. }) if *field == key);
            if salted || sent.get(&key) != Some(&value) || request.extra_body.contains_key(&key) {
                continue;
            }
            let text = value.to_string();
            let long = text.chars().count();
            let value = if long > TOLD {
                format!("({long} characters)").into()
            } else {
                value
            };
            told.insert(key, value);
        }
        if told.is_empty() {
            return None;
        }
        let text = Value::Object(masked_fields(&told)).to_string();
        let shared = self
            .texts
            .entry(text)
            .or_insert_with_key(|text| text.as_str().into());
        Some(Arc::clone(shared))
    }
}
