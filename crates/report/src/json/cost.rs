//! Costs in JSON: amounts as numbers, null where they are not known.

use dualround_model::{CostComparison, RoundCost};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

/// An amount as a number: the nearest double, which shows as the decimal that it is.
fn amount(amount: Option<Decimal>) -> Value {
    json!(amount.and_then(|amount| amount.to_f64()))
}

/// What a round cost.
pub(super) fn round(cost: &RoundCost) -> Value {
    json!({
        "currency": cost.pricing.currency,
        "requests": cost.requests,
        "total": amount(cost.total),
        "input": amount(cost.input),
        "cache_read": amount(cost.cache_read),
        "cache_write": amount(cost.cache_write),
        "output": amount(cost.output),
        "saved_by_hits": amount(cost.saved),
        "missing": cost.gap,
    })
}

/// What a level cost, cold against warm.
pub(crate) fn level(cost: &CostComparison) -> Value {
    let pays = cost.break_even.iter();
    json!({
        "currency": cost.currency,
        "cold_request": amount(cost.cold),
        "warm_request": amount(cost.warm),
        "saved_per_request": amount(cost.saved),
        "break_even": pays
            .map(|one| json!({"ttl": one.ttl.name(), "reuses": one.reuses}))
            .collect::<Vec<_>>(),
    })
}
