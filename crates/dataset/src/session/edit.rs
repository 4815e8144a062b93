//! A turn that states its whole history, as what is new in it behind the turn before.

use dualround_model::{NoAnswers, Sample, TurnHistory};
use serde_json::Value;
use std::sync::Arc;

/// A text is gone on with where so many bytes of it are kept; below that it is a message of its own.
const WORTH_KEEPING: usize = 64;

/// What is kept of the turn before by these messages, and what of them is new; `None` where nothing is
/// kept.
pub(super) fn behind(
    before: &Arc<Sample>,
    mut messages: Vec<Value>,
) -> (Option<TurnHistory>, Vec<Value>) {
    let Some(earlier) = before.whole_messages(&NoAnswers) else {
        return (None, messages);
    };
    let equal = earlier.iter().zip(&messages).take_while(|(a, b)| a == b);
    let keep_messages = equal.count();
    let mut new = messages.split_off(keep_messages);
    let mut keep_bytes = 0;
    if let (Some(old), Some(first)) = (earlier.get(keep_messages), new.first_mut()) {
        keep_bytes = go_on_with(old, first);
    }
    if keep_messages == 0 && keep_bytes == 0 {
        return (None, new);
    }
    let history = TurnHistory {
        before: Arc::clone(before),
        keep_messages,
        keep_bytes,
        pinned: false,
    };
    (Some(history), new)
}

/// Takes what the text of `first` has in common with that of `old` off it, where that is much and the
/// messages are alike otherwise; the bytes that were taken off.
fn go_on_with(old: &Value, first: &mut Value) -> usize {
    let (Some(Value::String(text)), Some(Value::String(new))) =
        (old.get("content"), first.get("content"))
    else {
        return 0;
    };
    let same = text.bytes().zip(new.bytes()).take_while(|(a, b)| a == b);
    let mut common = same.count();
    while !new.is_char_boundary(common) {
        common -= 1;
    }
    if common < WORTH_KEEPING || !alike(old, first) {
        return 0;
    }
    let rest = new[common..].to_owned();
    first["content"] = rest.into();
    common
}

/// All but their contents is equal.
fn alike(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else {
        return false;
    };
    a.len() == b.len()
        && a.iter()
            .all(|(key, value)| key == "content" || b.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::SessionTurn;
    use serde_json::json;

    fn user(text: &str) -> Value {
        json!({"role": "user", "content": text})
    }

    fn sample(history: Option<TurnHistory>, messages: Vec<Value>) -> Arc<Sample> {
        Arc::new(Sample {
            messages,
            turn: Some(Arc::new(SessionTurn {
                session: 0,
                turn: 1,
                name: "s".into(),
                gap: dualround_model::TurnGap::default(),
                fork: None,
                joins: Vec::new(),
                history,
            })),
            ..Sample::default()
        })
    }

    /// Puts turns behind one another, and holds each against what it was made of; the bytes that are
    /// held of each.
    fn held(turns: &[Vec<Value>]) -> Vec<usize> {
        let mut before: Option<Arc<Sample>> = None;
        let mut sizes = Vec::new();
        for messages in turns {
            let (history, new) = match &before {
                None => (None, messages.clone()),
                Some(before) => behind(before, messages.clone()),
            };
            sizes.push(json!(new).to_string().len());
            let next = sample(history, new);
            assert_eq!(next.whole_messages(&NoAnswers).as_ref(), Some(messages));
            before = Some(next);
        }
        sizes
    }

    #[test]
    fn a_history_that_grows_is_held_once() {
        let long = "word ".repeat(400);
        let one = vec![user(&long)];
        let two = [
            one.clone(),
            vec![json!({"role": "assistant", "content": "a"}), user("b")],
        ]
        .concat();
        let three = [
            two.clone(),
            vec![json!({"role": "assistant", "content": "c"}), user("d")],
        ]
        .concat();
        let sizes = held(&[one, two, three]);
        assert!(
            sizes[0] > 2000 && sizes[1] < 100 && sizes[2] < 100,
            "{sizes:?}"
        );
    }

    #[test]
    fn a_text_that_grows_is_held_once_whatever_its_letters() {
        let (long, other) = ("字".repeat(100), "字".repeat(60));
        let turns = [
            vec![user(&long)],
            // The next character differs in its last byte only.
            vec![user(&format!("{long}孖 and on"))],
            vec![user(&format!("{long}孕 and on"))],
            vec![user(&format!("{other}something else"))],
            // Too little in common, and another speaker.
            vec![user("字字 new")],
            vec![json!({"role": "system", "content": long}), user("x")],
            vec![
                json!({"role": "system", "content": long, "name": "y"}),
                user("x"),
            ],
        ];
        let sizes = held(&turns);
        assert!(
            sizes[0] > 300 && sizes[1] < 60 && sizes[2] < 60 && sizes[3] < 60,
            "{sizes:?}"
        );
        assert!(sizes[5] > 300 && sizes[6] > 300, "{sizes:?}");
    }

    #[test]
    fn a_history_that_was_compacted_keeps_what_is_left_of_it() {
        let system = json!({"role": "system", "content": "be brief"});
        let turns = [
            vec![system.clone(), user("one")],
            vec![
                system.clone(),
                user("one"),
                json!({"role": "assistant", "content": "1"}),
                user("two"),
            ],
            vec![system.clone(), user("summary of all that"), user("three")],
            vec![system],
        ];
        held(&turns);
    }
}
