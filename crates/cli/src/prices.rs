//! `--prices`: what tokens cost, by model.

use crate::exit::Usage;
use dualround_model::{Plan, PriceTable};
use rust_decimal::Decimal;
use std::path::Path;

/// What a table looks like.
const EXAMPLE: &str = "e.g. {currency: USD, models: {'*': {input: 3, cache_read: 0.3, cache_write: {5m: 3.75}, output: 15}}}";

/// The highest price for a million tokens, and the decimals of one: sums of any run stay exact.
const MOST: u64 = 1_000_000_000;
const MOST_DECIMALS: u32 = 12;

/// Why a text is no table of prices.
#[derive(Debug, thiserror::Error)]
enum PricesError {
    #[error("it is empty; {EXAMPLE}")]
    Empty,
    #[error("{0}; {EXAMPLE}")]
    Yaml(String),
    #[error("`currency` is empty; give its name, e.g. USD")]
    NoCurrency,
    #[error("`models` is empty; {EXAMPLE}")]
    NoModels,
    #[error("models.{model}.{key} is {price}: a price is 0 or more")]
    Negative {
        model: String,
        key: &'static str,
        price: Decimal,
    },
    #[error(
        "models.{model}.{key} is {price}: a price has up to {MOST_DECIMALS} decimals and is at most \
         {MOST} for a million tokens"
    )]
    OutOfRange {
        model: String,
        key: &'static str,
        price: Decimal,
    },
    #[error("models.{model} has no price")]
    NoPrice { model: String },
}

/// Reads a table of prices.
///
/// # Errors
/// [`Usage`] naming file and key.
pub(crate) fn read(path: &Path) -> Result<PriceTable, Usage> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Usage(format!("cannot read --prices {name}: {error}")))?;
    parse(&text).map_err(|error| Usage(format!("--prices {name}: {error}")))
}

fn parse(text: &str) -> Result<PriceTable, PricesError> {
    if text.trim().is_empty() {
        return Err(PricesError::Empty);
    }
    let table: PriceTable = serde_saphyr::from_str(text).map_err(|error| {
        // The parser draws the place below its first line.
        let words = error.to_string();
        let first = words.lines().next().unwrap_or_default();
        PricesError::Yaml(first.trim_start_matches("error: ").to_owned())
    })?;
    if table.currency.trim().is_empty() {
        return Err(PricesError::NoCurrency);
    }
    if table.models.is_empty() {
        return Err(PricesError::NoModels);
    }
    for (model, prices) in &table.models {
        let given = prices.given();
        if given.is_empty() {
            return Err(PricesError::NoPrice {
                model: model.clone(),
            });
        }
        for (key, price) in given {
            check_price(model, key, price)?;
        }
    }
    Ok(table)
}

fn check_price(model: &str, key: &'static str, price: Decimal) -> Result<(), PricesError> {
    let model = model.to_owned();
    if price < Decimal::ZERO {
        return Err(PricesError::Negative { model, key, price });
    }
    if price > Decimal::from(MOST) || price.normalize().scale() > MOST_DECIMALS {
        return Err(PricesError::OutOfRange { model, key, price });
    }
    Ok(())
}

/// Holds the table of a plan against its model, where both are known.
///
/// # Errors
/// [`Usage`] naming the models that the table has.
pub(crate) fn check_model(plan: &Plan) -> Result<(), Usage> {
    let Some(table) = &plan.prices else {
        return Ok(());
    };
    if table.of(&plan.model).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = table.models.keys().map(String::as_str).collect();
    Err(Usage(format!(
        "--prices has no prices of the model `{}`; it has {}. A row `'*'` is for every other",
        plan.model,
        names.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn decimals_are_exact_and_what_is_not_given_is_not_known() {
        let table = parse(
            "currency: USD\nmodels:\n  a: {input: 0.1, cache_read: \"0.01\", cache_write: {5m: 0.125, 1h: 0.2}}\n  '*': {output: 7}\n",
        )
        .unwrap();
        let of = |text: &str| Some(text.parse::<Decimal>().unwrap());
        let a = table.of("a").unwrap();
        assert_eq!(
            (a.input, a.cache_read, a.output),
            (of("0.1"), of("0.01"), None)
        );
        assert_eq!(a.cache_write.five_minutes, of("0.125"));
        assert_eq!(table.of("b").unwrap().output, of("7"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("", "empty"),
            ("currency: USD\nmodels: {}\n", "`models` is empty"),
            (
                "currency: ''\nmodels: {a: {input: 1}}\n",
                "`currency` is empty",
            ),
            ("models: {a: {input: 1}}\n", "currency"),
            ("currency: USD\nmodels: {a: {inptu: 1}}\n", "inptu"),
            (
                "currency: USD\nmodels: {a: {input: -1}}\n",
                "models.a.input is -1",
            ),
            (
                "currency: USD\nmodels: {a: {input: \"79228162514264337593543950335\"}}\n",
                "models.a.input is 79228162514264337593543950335: a price has up to",
            ),
            (
                "currency: USD\nmodels: {a: {output: \"0.0000000000001\"}}\n",
                "models.a.output is 0.0000000000001",
            ),
            ("currency: USD\nmodels: {a: {cache_write: {2h: 1}}}\n", "2h"),
            ("currency: USD\nmodels: {a: {}}\n", "models.a has no price"),
            ("currency: USD\nmodels: {a: {input: soon}}\n", "line 2"),
            ("[1]", "e.g."),
        ] {
            assert!(refused(text).contains(words), "{text}: {}", refused(text));
        }
        assert!(
            read(Path::new("/nowhere/p.yaml"))
                .unwrap_err()
                .to_string()
                .contains("/nowhere/p.yaml")
        );
    }
}
