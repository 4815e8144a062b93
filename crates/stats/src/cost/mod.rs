//! What rounds cost, by the user's prices: exact decimals, and nothing where a count or a price is
//! missing.

mod break_even;

use break_even::break_even;
use dualround_model::{
    CostComparison, CostGap, Flag, ModelPrices, Pricing, RequestRow, RequestRows, RoundCost,
    RoundKind, RoundResult, RoundSummary, WriteTtl, WrittenTokens,
};
use rust_decimal::Decimal;

/// Prices are for so many tokens.
const UNIT: u64 = 1_000_000;

/// Token counts of a round's successes, each summed over those that tell it.
struct TokenCounts {
    prompt: Counted,
    read: Counted,
    output: Counted,
    requests: u64,
}

/// A sum, and the requests that are not in it.
#[derive(Default)]
struct Counted {
    tokens: u64,
    missing: u64,
}

impl Counted {
    fn of<'a>(
        rows: impl Iterator<Item = &'a RequestRow>,
        pick: impl Fn(&RequestRow) -> Option<u64>,
    ) -> Self {
        let mut sum = Self::default();
        for row in rows {
            match pick(row) {
                Some(tokens) => sum.tokens += tokens,
                None => sum.missing += 1,
            }
        }
        sum
    }

    /// The sum, where every request is in it.
    fn whole(&self, what: &str) -> Result<u64, CostGap> {
        match self.missing {
            0 => Ok(self.tokens),
            requests => Err(CostGap::Count {
                what: what.to_owned(),
                requests,
            }),
        }
    }
}

impl TokenCounts {
    fn of(rows: &RequestRows) -> Self {
        let successes = || rows.successes().map(|(_, row)| row);
        Self {
            prompt: Counted::of(successes(), RequestRow::input_tokens),
            // More than the prompt has is no count.
            read: Counted::of(successes(), |row| {
                if row.has(Flag::ImpossibleUsage) {
                    None
                } else {
                    row.cached_tokens()
                }
            }),
            output: Counted::of(successes(), RequestRow::output_tokens),
            requests: successes().count() as u64,
        }
    }
}

/// So many tokens at a price for a million.
fn cost(tokens: u64, price: Decimal) -> Decimal {
    Decimal::from(tokens) * price / Decimal::from(UNIT)
}

fn price(prices: Option<Decimal>, key: &str) -> Result<Decimal, CostGap> {
    prices.ok_or_else(|| CostGap::Price {
        key: key.to_owned(),
    })
}

/// What tokens cost; none cost nothing, at whatever price.
fn priced(tokens: u64, prices: Option<Decimal>, key: &str) -> Result<Decimal, CostGap> {
    if tokens == 0 {
        return Ok(Decimal::ZERO);
    }
    Ok(cost(tokens, price(prices, key)?))
}

/// What was written, and what that costs. A table without a price for writes is of a service that
/// does not tell them: they are input. Where they are told, their price is not guessed.
fn written(
    told: Option<WrittenTokens>,
    requests: u64,
    pricing: &Pricing,
) -> Result<(u64, Decimal), CostGap> {
    let prices = &pricing.prices.cache_write;
    let told = told.unwrap_or_default();
    if told.requests < requests {
        if prices.is_empty() && told.tokens == 0 {
            return Ok((0, Decimal::ZERO));
        }
        return Err(CostGap::Count {
            what: "written".to_owned(),
            requests: requests - told.requests,
        });
    }
    if told.tokens == 0 {
        return Ok((0, Decimal::ZERO));
    }
    let by_ttl = told.five_minutes + told.hour == told.tokens;
    if by_ttl {
        let short = priced(told.five_minutes, prices.five_minutes, "cache_write.5m")?;
        let long = priced(told.hour, prices.hour, "cache_write.1h")?;
        return Ok((told.tokens, short + long));
    }
    let ttl = match pricing.write_ttl {
        None if !pricing.other_ttl => prices.only(),
        asked => asked,
    };
    let one = ttl.and_then(|ttl| prices.of(ttl));
    let key = ttl.map_or("cache_write", WriteTtl::key);
    Ok((told.tokens, cost(told.tokens, price(one, key)?)))
}

/// What the successes of a round cost.
pub(crate) fn of_rows(
    rows: &RequestRows,
    told: Option<WrittenTokens>,
    output_is_counted: bool,
    pricing: Pricing,
) -> RoundCost {
    let counts = TokenCounts::of(rows);
    let mut all = RoundCost {
        requests: counts.requests,
        output_is_counted,
        pricing,
        total: None,
        input: None,
        cache_read: None,
        cache_write: None,
        output: None,
        saved: None,
        gap: None,
    };
    if counts.requests == 0 {
        all.gap = Some(CostGap::NoRequests);
        return all;
    }
    if let Err(gap) = fill(&mut all, &counts, told) {
        all.gap = Some(gap);
    }
    all
}

/// Fills in what can be known, up to what cannot.
fn fill(
    all: &mut RoundCost,
    counts: &TokenCounts,
    told: Option<WrittenTokens>,
) -> Result<(), CostGap> {
    let prices: ModelPrices = all.pricing.prices;
    let output = counts.output.whole("output");
    let output = match output {
        Ok(_) if !all.output_is_counted => Err(CostGap::Count {
            what: "output".to_owned(),
            requests: counts.requests,
        }),
        other => other,
    };
    let output = output.and_then(|tokens| priced(tokens, prices.output, "output"));
    all.output = output.as_ref().ok().copied();
    let prompt = counts.prompt.whole("prompt")?;
    let read = counts.read.whole("cached")?;
    all.cache_read = Some(priced(read, prices.cache_read, "cache_read")?);
    all.saved = prices
        .input
        .zip(prices.cache_read)
        .map(|(input, cached)| cost(read, input) - cost(read, cached));
    let (written, write_cost) = written(told, counts.requests, &all.pricing)?;
    all.cache_write = Some(write_cost);
    let rest = prompt
        .checked_sub(read)
        .and_then(|rest| rest.checked_sub(written));
    let rest = rest.ok_or_else(|| CostGap::Count {
        what: "prompt".to_owned(),
        requests: counts.requests,
    })?;
    all.input = Some(priced(rest, prices.input, "input")?);
    let output = output?;
    let parts = [all.input, all.cache_read, all.cache_write];
    all.total = Some(parts.into_iter().flatten().sum::<Decimal>() + output);
    Ok(())
}

/// Computes the cost of a round again, after what its rows know of hits has changed.
pub(crate) fn settle(rows: &RequestRows, summary: &mut RoundSummary) {
    let Some(before) = summary.cost.take() else {
        return;
    };
    let counted = before.output_is_counted;
    summary.cost = Some(of_rows(rows, summary.written, counted, before.pricing));
}

/// What the rounds of a level cost, cold against warm; `None` where the run has no prices.
pub(crate) fn compare(rounds: &[RoundResult]) -> Option<CostComparison> {
    let pricing = rounds.iter().find_map(|round| {
        let cost = round.summary.cost.as_ref();
        cost.map(|cost| cost.pricing.clone())
    })?;
    let cold = mean(rounds, RoundKind::Cold);
    let warm = mean(rounds, RoundKind::Warm);
    Some(CostComparison {
        saved: cold.zip(warm).map(|(cold, warm)| cold - warm),
        cold,
        warm,
        break_even: WriteTtl::ALL
            .into_iter()
            .filter_map(|ttl| break_even(&pricing.prices, ttl))
            .collect(),
        currency: pricing.currency,
    })
}

/// The mean cost of a successful request over all rounds of a kind; `None` where that of any is not
/// known.
fn mean(rounds: &[RoundResult], kind: RoundKind) -> Option<Decimal> {
    let (mut total, mut requests) = (Decimal::ZERO, 0);
    for round in rounds.iter().filter(|round| round.meta.spec.kind == kind) {
        let cost = round.summary.cost.as_ref()?;
        total += cost.total?;
        requests += cost.requests;
    }
    (requests > 0).then(|| total / Decimal::from(requests))
}
