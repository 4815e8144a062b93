//! What rounds and levels cost, in words.

use super::{Bilingual, both};
use dualround_model::{BreakEven, CostChange, CostComparison, CostGap, RoundCost, WrittenTokens};
use rust_decimal::Decimal;

/// Decimals of an amount that is shown.
const DECIMALS: u32 = 6;

/// An amount with two decimals at least, and six at most.
pub(crate) fn amount(amount: Decimal) -> String {
    let shown = amount.round_dp(DECIMALS).normalize();
    if shown.scale() < 2 {
        format!("{shown:.2}")
    } else {
        shown.to_string()
    }
}

fn known(part: Option<Decimal>) -> String {
    part.map_or_else(|| "-".to_owned(), amount)
}

/// What a round cost, and what its hits saved; or why that is not known.
pub(crate) fn round_cost(cost: &RoundCost) -> Bilingual {
    let currency = &cost.pricing.currency;
    let parts = [cost.input, cost.cache_read, cost.cache_write, cost.output].map(known);
    let [input, read, write, output] = &parts;
    let saved = known(cost.saved);
    let requests = cost.requests;
    match (cost.total, &cost.gap) {
        (Some(total), None) => {
            let total = amount(total);
            [
                format!(
                    "{total} {currency} for {requests} requests: input {input}, cache read {read}, \
                     cache write {write}, output {output}; hits saved {saved}"
                ),
                format!(
                    "{requests} 个请求共 {total} {currency}：输入 {input}，缓存读取 {read}，缓存写入 \
                     {write}，输出 {output}；命中节省 {saved}"
                ),
            ]
        }
        (_, gap) => {
            let [why, why_zh] = gap.as_ref().map_or_else(
                || both("something of it is missing", "缺少部分数据"),
                |gap| missing(gap, requests),
            );
            [format!("not known: {why}"), format!("未知：{why_zh}")]
        }
    }
}

/// Why a cost is not known.
fn missing(gap: &CostGap, of: u64) -> Bilingual {
    match gap {
        CostGap::NoRequests => both("no request succeeded", "没有成功的请求"),
        CostGap::Count { what, requests } => {
            let [what, what_zh] = match what.as_str() {
                "prompt" => ["prompt tokens", "提示词 token"],
                "cached" => ["cached tokens", "缓存命中 token"],
                "written" => ["tokens written into the cache", "写入缓存的 token"],
                _ => ["output tokens", "输出 token"],
            };
            [
                format!("{requests} of {of} answers do not tell {what}"),
                format!("{of} 个响应中有 {requests} 个没有给出{what_zh}"),
            ]
        }
        CostGap::Price { key } => [
            format!("the table has no price `{key}`"),
            format!("价格表中没有 `{key}`"),
        ],
    }
}

/// Tokens that a round wrote into the cache, of which answers tell it.
pub(crate) fn written(written: WrittenTokens, of: u64) -> Bilingual {
    let (tokens, requests) = (crate::number::grouped(written.tokens), written.requests);
    [
        format!("Prompt tokens written to cache: {tokens}, {requests} / {of}"),
        format!("写入缓存的提示词 token：{tokens}，{requests} / {of}"),
    ]
}

/// What a request of a level costs cold and warm, and when a write pays.
pub(super) fn level_cost(cost: &CostComparison) -> Vec<Bilingual> {
    let mut lines = Vec::new();
    let currency = &cost.currency;
    match (cost.cold, cost.warm, cost.saved) {
        (Some(cold), Some(warm), Some(saved)) => {
            let [share, share_zh] = share(cold, saved);
            let (cold, warm) = (amount(cold), amount(warm));
            lines.push([
                format!("cost of a request: {cold} → {warm} {currency}{share}"),
                format!("每个请求的费用：{cold} → {warm} {currency}{share_zh}"),
            ]);
        }
        (cold, warm, _) => {
            let (cold, warm) = (known(cold), known(warm));
            lines.push([
                format!(
                    "cost of a request: cold {cold}, warm {warm} {currency}; what is missing is \
                     said with the rounds"
                ),
                format!("每个请求的费用：冷 {cold}，热 {warm} {currency}；缺少的数据见各轮"),
            ]);
        }
    }
    lines.extend(cost.break_even.iter().map(pays));
    lines
}

/// What requests cost in two runs, a line for cold and one for warm.
pub(crate) fn cost_change(change: &CostChange) -> Vec<Bilingual> {
    let CostChange { base, new } = change;
    if !change.is_comparable() {
        let (old, now) = (&base.currency, &new.currency);
        return vec![[
            format!("costs are in {old} and in {now}, and not compared"),
            format!("费用分别以 {old} 和 {now} 计，不作比较"),
        ]];
    }
    let rows = [
        (["cold", "冷"], base.cold, new.cold),
        (["warm", "热"], base.warm, new.warm),
    ];
    let told = rows.into_iter().filter_map(|([name, name_zh], old, now)| {
        let (old, now) = (old?, now?);
        let [share, share_zh] = share(old, old - now);
        let (old, now, currency) = (amount(old), amount(now), &base.currency);
        Some([
            format!("cost of a {name} request: {old} → {now} {currency}{share}"),
            format!("每个{name_zh}请求的费用：{old} → {now} {currency}{share_zh}"),
        ])
    });
    told.collect()
}

/// By how much less, or more, a warm request costs.
fn share(cold: Decimal, saved: Decimal) -> Bilingual {
    if cold <= Decimal::ZERO {
        return both("", "");
    }
    let percent = (saved * Decimal::ONE_HUNDRED / cold)
        .round_dp(1)
        .normalize();
    if percent.is_zero() {
        return both(" (the same)", "（相同）");
    }
    let size = percent.abs();
    if percent > Decimal::ZERO {
        [format!(" ({size} % less)"), format!("（少 {size}%）")]
    } else {
        [format!(" ({size} % more)"), format!("（多 {size}%）")]
    }
}

/// From how many reuses on a write pays.
fn pays(one: &BreakEven) -> Bilingual {
    let ttl = one.ttl.name();
    match one.reuses {
        Some(0) => [
            format!("a write for {ttl} costs less than input: it pays without any reuse"),
            format!("{ttl} 的写入比普通输入更便宜：无需复用即划算"),
        ],
        Some(1) => [
            format!("a write for {ttl} pays from 1 reuse on"),
            format!("{ttl} 的写入复用 1 次起划算"),
        ],
        Some(reuses) => [
            format!("a write for {ttl} pays from {reuses} reuses on"),
            format!("{ttl} 的写入复用 {reuses} 次起划算"),
        ],
        None => [
            format!("a write for {ttl} never pays: reading costs no less than input"),
            format!("{ttl} 的写入永远不划算：读取不比普通输入便宜"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_to_six_decimals() {
        for (given, shown) in [
            ("0", "0.00"),
            ("1.5", "1.50"),
            ("0.00885", "0.00885"),
            ("0.0000012345", "0.000001"),
            ("12.3400", "12.34"),
            ("1000", "1000.00"),
        ] {
            assert_eq!(amount(given.parse().unwrap()), shown, "{given}");
        }
    }
}
