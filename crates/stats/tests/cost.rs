//! Costs against cases worked out by hand.
#![cfg(test)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]

mod common;

use common::{meta, success};
use dualround_model::{
    CacheWritePrices, CostComparison, CostGap, Judging, ModelPrices, Pricing, RoundCost,
    RoundResult, RoundRun, RunEvidence, Schedule, Usage, WriteTtl,
};
use dualround_stats::{SummaryOptions, compare, summarise};
use rust_decimal::Decimal;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn prices() -> ModelPrices {
    ModelPrices {
        input: Some(decimal("3")),
        cache_read: Some(decimal("0.30")),
        cache_write: CacheWritePrices {
            five_minutes: Some(decimal("3.75")),
            half_hour: None,
            hour: Some(decimal("6")),
        },
        output: Some(decimal("15")),
    }
}

fn usage(prompt: u64, read: u64, written: Option<u64>, output: u64) -> Usage {
    Usage {
        prompt_tokens: Some(prompt),
        cached_tokens: Some(read),
        written_tokens: written,
        completion_tokens: Some(output),
        ..Usage::default()
    }
}

/// The round at this place of a `CW` schedule.
fn round(
    place: usize,
    usages: &[Usage],
    prices: ModelPrices,
    ttl: Option<WriteTtl>,
) -> RoundResult {
    round_by(place, usages, pricing(prices, ttl))
}

fn pricing(prices: ModelPrices, write_ttl: Option<WriteTtl>) -> Pricing {
    Pricing {
        other_ttl: false,
        currency: "USD".to_owned(),
        prices,
        write_ttl,
    }
}

fn round_by(place: usize, usages: &[Usage], pricing: Pricing) -> RoundResult {
    let records = (0..)
        .zip(usages)
        .map(|(index, usage)| success(index, 0.0, &[10.0, 20.0], *usage));
    let options = SummaryOptions {
        pricing: Some(pricing),
        ..SummaryOptions::default()
    };
    let spec = Schedule::default().rounds()[place];
    let run = RoundRun {
        meta: meta(spec, usages.len()),
        records: records.collect(),
    };
    summarise(run, &options)
}

fn cost(usages: &[Usage], prices: ModelPrices, ttl: Option<WriteTtl>) -> RoundCost {
    round(0, usages, prices, ttl).summary.cost.unwrap()
}

#[test]
fn a_round_costs_what_its_tokens_cost() {
    let short = Some(WriteTtl::FiveMinutes);
    // 2 × (100 input · 3 + 900 written · 3.75 + 50 output · 15) / 1e6.
    let cold = cost(&[usage(1000, 0, Some(900), 50); 2], prices(), short);
    assert_eq!(cold.input, Some(decimal("0.0006")));
    assert_eq!(cold.cache_write, Some(decimal("0.00675")));
    assert_eq!(cold.output, Some(decimal("0.0015")));
    assert_eq!(cold.total, Some(decimal("0.00885")));
    assert_eq!(cold.saved, Some(Decimal::ZERO));
    // 100 · 3 + 900 · 0.30 + 50 · 15, and 900 · 2.70 saved.
    let warm = cost(&[usage(1000, 900, Some(0), 50)], prices(), short);
    assert_eq!(warm.total, Some(decimal("0.00132")));
    assert_eq!(warm.saved, Some(decimal("0.00243")));
    assert_eq!(warm.gap, None);
}

#[test]
fn a_level_costs_cold_against_warm_and_says_when_writes_pay() {
    let short = Some(WriteTtl::FiveMinutes);
    let mut rounds = [
        round(0, &[usage(1000, 0, Some(900), 50); 8], prices(), short),
        round(1, &[usage(1000, 900, Some(0), 50); 8], prices(), short),
    ];
    let judging = Judging {
        schedule: Schedule::default(),
        round_noise: None,
        same_samples: true,
        until: false,
    };
    let level = compare(&mut rounds, &judging, &RunEvidence::default());
    let CostComparison {
        cold,
        warm,
        saved,
        break_even,
        ..
    } = level.cost.unwrap();
    assert_eq!(cold, Some(decimal("0.004425")));
    assert_eq!(warm, Some(decimal("0.00132")));
    assert_eq!(saved, Some(decimal("0.003105")));
    let pays: Vec<_> = break_even.iter().map(|one| (one.ttl, one.reuses)).collect();
    // 3.75 + 0.3 < 6, and 6 + 2 · 0.3 < 9, while 6 + 0.3 is not below 6.
    assert_eq!(
        pays,
        [(WriteTtl::FiveMinutes, Some(1)), (WriteTtl::Hour, Some(2))]
    );
}

#[test]
fn what_is_written_costs_by_how_long_it_is_kept() {
    let by_ttl = Usage {
        written_5m_tokens: Some(400),
        written_1h_tokens: Some(500),
        ..usage(1000, 0, Some(900), 0)
    };
    // The answer's own word is above what was asked for: 400 · 3.75 + 500 · 6.
    let told = cost(&[by_ttl], prices(), Some(WriteTtl::FiveMinutes));
    assert_eq!(told.cache_write, Some(decimal("0.0045")));
    let written = usage(1000, 0, Some(900), 0);
    let asked = cost(&[written], prices(), Some(WriteTtl::Hour));
    assert_eq!(asked.cache_write, Some(decimal("0.0054")));
    // Two prices, and nothing says which.
    let open = cost(&[written], prices(), None);
    assert_eq!((open.total, open.cache_write), (None, None));
    let key = "cache_write".to_owned();
    assert_eq!(open.gap, Some(CostGap::Price { key }));
    let mut one = prices();
    one.cache_write.hour = None;
    let only = cost(&[written], one, None);
    assert_eq!(only.cache_write, Some(decimal("0.003375")));
}

#[test]
fn what_is_missing_makes_the_cost_unknown_and_not_nothing() {
    let count = |what: &str, requests| {
        Some(CostGap::Count {
            what: what.to_owned(),
            requests,
        })
    };
    let of = |usage: Usage, prices| cost(&[usage], prices, None);
    let no_writes = ModelPrices {
        cache_write: CacheWritePrices::default(),
        ..prices()
    };
    // A service that charges no writes and does not tell them.
    let automatic = of(usage(1000, 600, None, 50), no_writes);
    assert_eq!(automatic.total, Some(decimal("0.00213")));
    // The same, where the table has prices for writes.
    let untold = of(usage(1000, 600, None, 50), prices());
    assert_eq!((untold.total, &untold.gap), (None, &count("written", 1)));
    assert_eq!(untold.cache_read, Some(decimal("0.00018")));
    // Told, and without a price.
    let unpriced = of(usage(1000, 0, Some(100), 50), no_writes);
    assert_eq!(unpriced.total, None);
    // Kept for a time that the table does not have: its only price is of another.
    let mut day = pricing(prices(), None);
    day.prices.cache_write.hour = None;
    day.other_ttl = true;
    let kept = round_by(0, &[usage(1000, 0, Some(900), 0)], day);
    let kept = kept.summary.cost.unwrap();
    assert_eq!((kept.total, kept.cache_write), (None, None));
    let uncached = Usage {
        cached_tokens: None,
        ..usage(1000, 0, None, 50)
    };
    assert_eq!(of(uncached, no_writes).gap, count("cached", 1));
    let free = ModelPrices {
        output: None,
        ..no_writes
    };
    let no_output = of(usage(1000, 0, None, 50), free);
    let key = "output".to_owned();
    assert_eq!(
        (no_output.total, no_output.gap),
        (None, Some(CostGap::Price { key }))
    );
    // Events are no count of the server.
    let by_events = Usage {
        completion_tokens: None,
        ..usage(1000, 0, None, 0)
    };
    let counted = of(by_events, no_writes);
    assert_eq!((counted.total, counted.gap), (None, count("output", 1)));
    let none = cost(&[], prices(), None);
    assert_eq!((none.total, none.gap), (None, Some(CostGap::NoRequests)));
}
