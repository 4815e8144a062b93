//! What `--prometheus-metrics` can say, besides `auto`:
//! `name`, `name{label="x"}`, `A/B`, each with `label=` before it, or any PromQL.

use dualround_wire::Selector;

/// A metric that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct MetricQuery {
    /// As the user wrote it, or the label before it.
    pub(crate) name: String,
    /// What is to be evaluated, without the label.
    pub(crate) text: String,
    pub(crate) what: QueryKind,
}

/// What a text asks for.
#[derive(Clone, Debug)]
pub(crate) enum QueryKind {
    /// A metric.
    Of(Selector),
    /// A quotient of two metrics.
    Ratio(Selector, Selector),
    /// Something only a Prometheus server can evaluate.
    Expression,
}

impl MetricQuery {
    /// Understands an asked metric. Whatever is neither metric nor quotient is an expression.
    pub(crate) fn parse(asked: &str) -> Self {
        let (name, text) = match label(asked) {
            Some((label, rest)) => (label.to_owned(), rest.trim()),
            None => (asked.to_owned(), asked.trim()),
        };
        let what = match Selector::parse(text) {
            Some((of, "")) => QueryKind::Of(of),
            Some((top, rest)) => {
                let bottom = rest.strip_prefix('/').and_then(Selector::parse);
                match bottom {
                    Some((bottom, "")) => QueryKind::Ratio(top, bottom),
                    _ => QueryKind::Expression,
                }
            }
            None => QueryKind::Expression,
        };
        Self {
            name,
            text: text.to_owned(),
            what,
        }
    }
}

/// `label=…`, where the sign is not part of `==`, `=~` or a label condition.
fn label(asked: &str) -> Option<(&str, &str)> {
    let (label, rest) = asked.split_once('=')?;
    let plain =
        !label.is_empty() && label.chars().all(is_in_labels) && !rest.starts_with(['=', '~']);
    plain.then_some((label.trim(), rest))
}

fn is_in_labels(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> (String, &'static str) {
        let asked = MetricQuery::parse(text);
        let what = match asked.what {
            QueryKind::Of(_) => "of",
            QueryKind::Ratio(..) => "ratio",
            QueryKind::Expression => "expression",
        };
        (asked.name, what)
    }

    #[test]
    fn what_is_asked_is_told_apart() {
        for (text, name, what) in [
            ("vllm:hits_total", "vllm:hits_total", "of"),
            ("x{a=\"b\"}", "x{a=\"b\"}", "of"),
            ("hit_rate=a_total/b_total", "hit_rate", "ratio"),
            ("a{x=~\"1|2\"} / b", "a{x=~\"1|2\"} / b", "ratio"),
            ("busy=x{a=\"b\"}", "busy", "of"),
            ("rate(x[5s])", "rate(x[5s])", "expression"),
            ("hits=increase(x[$round])", "hits", "expression"),
            ("x == 1", "x == 1", "expression"),
            ("sum by (a) (x)", "sum by (a) (x)", "expression"),
            ("a / b / c", "a / b / c", "expression"),
        ] {
            assert_eq!(kind(text), (name.to_owned(), what), "{text}");
        }
    }
}
