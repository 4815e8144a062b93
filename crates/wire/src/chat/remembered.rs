//! Chunks of earlier answers, by which those of a new answer are read without parsing: what differs
//! from answer to answer is an id, a second, and one text or the counts of tokens.

use crate::{
    chat::{
        chunk::{Chunk, ChunkFacts},
        usage::{IfObject, RawUsage},
    },
    learnt::is_number,
};
use dualround_model::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, cell::RefCell, ops::Range};

/// Forms kept of a thread's streams. An answer has about four: its role, a token, its end, its usage.
const FORMS: usize = 8;
/// Bytes of a chunk that is worth remembering.
const LARGEST: usize = 2048;

thread_local! {
    // The meaning of a chunk depends on its bytes alone, so all streams of a thread share what is known.
    static KNOWN: RefCell<Forms> = const { RefCell::new(Forms { all: Vec::new(), oldest: 0 }) };
}

/// Says what a chunk means, where one of its form was parsed before.
#[inline]
pub(crate) fn recall(data: &[u8]) -> Option<ChunkFacts<'_>> {
    KNOWN.with_borrow_mut(|known| known.recall(data))
}

/// Keeps the form of a chunk that was parsed, if it is one by which others can be read.
pub(crate) fn remember(data: &[u8], facts: &ChunkFacts<'_>) {
    if let Some(form) = Form::of(data, facts) {
        KNOWN.with_borrow_mut(|known| known.add(form));
    }
}

/// The forms of chunks that are known.
struct Forms {
    all: Vec<Form>,
    /// Where the next one stands, once there are enough.
    oldest: usize,
}

impl Forms {
    fn recall<'a>(&mut self, data: &'a [u8]) -> Option<ChunkFacts<'a>> {
        let mut each = self.all.iter().enumerate();
        let (at, facts) = each.find_map(|(at, form)| Some((at, form.read(data)?)))?;
        // Tokens are most of what comes.
        if at > 0 && facts.bears_token() {
            self.all.swap(at, at - 1);
        }
        Some(facts)
    }

    fn add(&mut self, form: Form) {
        if self.all.len() < FORMS {
            self.all.push(form);
            return;
        }
        self.all[self.oldest] = form;
        self.oldest = (self.oldest + 1) % FORMS;
    }
}

/// What stands in a place of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// The answer's id.
    Id,
    /// The second at which it was made.
    Created,
    Content,
    Reasoning,
    Finish,
    /// The object with the counts.
    Usage,
}

/// The form of a chunk: its bytes, with places in which others have something else.
#[derive(Debug)]
struct Form {
    head: Box<[u8]>,
    /// Each place, with the bytes behind it.
    places: Vec<(Slot, Box<[u8]>)>,
    has_choices: bool,
    /// Index of the choice.
    choice: u32,
}

/// Members of a chunk whose values differ. Of a member that is there twice this makes an error.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    created: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    // Counts in other places.
    #[serde(borrow)]
    timings: Option<&'a RawValue>,
    #[serde(borrow)]
    metrics: Option<&'a RawValue>,
    #[serde(borrow)]
    x_groq: Option<&'a RawValue>,
}

impl Form {
    /// `None` where more differs than a form has places for.
    fn of(data: &[u8], facts: &ChunkFacts<'_>) -> Option<Self> {
        if data.len() > LARGEST {
            return None;
        }
        let members: Members<'_> = serde_json::from_slice(data).ok()?;
        let mut slots = Vec::new();
        if let Some(Cow::Borrowed(id)) = &facts.id {
            slots.push((Slot::Id, place(data, id.as_bytes())?));
        }
        if let Some(created) = members.created.map(|raw| raw.get().as_bytes())
            && is_number(created)
        {
            slots.push((Slot::Created, place(data, created)?));
        }
        let texts = [
            (Slot::Content, &facts.content),
            (Slot::Reasoning, &facts.reasoning),
            (Slot::Finish, &facts.finish_reason),
        ];
        let mut tells = false;
        for (slot, text) in texts {
            if let Some(text) = text {
                tells = true;
                slots.push((slot, place(data, text.as_bytes())?));
            }
        }
        if facts.usage.is_some() {
            // Elsewhere they would be added to these.
            let others = [members.timings, members.metrics, members.x_groq];
            let alone = others.iter().all(Option::is_none);
            if !alone || facts.has_choices {
                return None;
            }
            let usage = members.usage?;
            slots.push((Slot::Usage, place(data, usage.get().as_bytes())?));
        }
        // Of a chunk that tells nothing itself all that is odd in it is looked at.
        if !tells && serde_json::from_slice::<Chunk<'_>>(data).is_ok_and(|chunk| chunk.odd) {
            return None;
        }
        let form = Self::with_slots(data, slots, facts)?;
        // Whatever else the chunk says would be lost.
        (form.read(data).as_ref() == Some(facts)).then_some(form)
    }

    fn with_slots(
        data: &[u8],
        mut slots: Vec<(Slot, Range<usize>)>,
        facts: &ChunkFacts<'_>,
    ) -> Option<Self> {
        slots.sort_by_key(|(_, place)| place.start);
        let ends = slots.iter().skip(1).map(|(_, place)| place.start);
        let mut places = Vec::with_capacity(slots.len());
        for ((slot, place), end) in slots.iter().zip(ends.chain([data.len()])) {
            places.push((*slot, data.get(place.end..end)?.into()));
        }
        let first = slots.first().map_or(data.len(), |(_, place)| place.start);
        Some(Self {
            head: data.get(..first)?.into(),
            places,
            has_choices: facts.has_choices,
            choice: facts.choice,
        })
    }

    /// What a chunk means; `None` where it is not of this form.
    #[inline]
    fn read<'a>(&self, data: &'a [u8]) -> Option<ChunkFacts<'a>> {
        let mut rest = data.strip_prefix(&*self.head)?;
        // Most forms that it is not of differ at the end.
        if let Some((_, tail)) = self.places.last()
            && !rest.ends_with(tail)
        {
            return None;
        }
        let mut facts = ChunkFacts {
            has_choices: self.has_choices,
            choice: self.choice,
            ..ChunkFacts::default()
        };
        for (slot, behind) in &self.places {
            let length = match slot {
                Slot::Created => digits(rest)?,
                Slot::Usage => rest.len().checked_sub(behind.len())?,
                _ => plain_text(rest)?,
            };
            let (value, after) = rest.split_at_checked(length)?;
            rest = after.strip_prefix(&**behind)?;
            match slot {
                Slot::Created => {}
                Slot::Usage => facts.usage = Some(Box::new(counts(value)?)),
                Slot::Id => facts.id = Some(text(value)?),
                Slot::Content => facts.content = Some(text(value)?),
                Slot::Reasoning => facts.reasoning = Some(text(value)?),
                Slot::Finish => facts.finish_reason = Some(text(value)?),
            }
        }
        rest.is_empty().then_some(facts)
    }
}

/// Where a part of the data stands in it; `None` where it is no part of it.
fn place(data: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let at = part.as_ptr().addr().checked_sub(data.as_ptr().addr())?;
    let place = at..at + part.len();
    data.get(place.clone()).is_some().then_some(place)
}

/// Bytes up to the quote that ends a JSON string, which is not empty; escapes and control characters
/// need the parser.
#[inline]
fn plain_text(data: &[u8]) -> Option<usize> {
    let end = memchr::memchr2(b'"', b'\\', data)?;
    let is_plain = data[..end].iter().all(|byte| *byte >= 0x20);
    (end > 0 && data[end] == b'"' && is_plain).then_some(end)
}

#[inline]
fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    std::str::from_utf8(value).ok().map(Cow::Borrowed)
}

#[inline]
fn digits(data: &[u8]) -> Option<usize> {
    let digits = data.iter().take_while(|byte| byte.is_ascii_digit()).count();
    is_number(&data[..digits]).then_some(digits)
}

/// The counts of a whole `usage` object, where there are any.
fn counts(object: &[u8]) -> Option<Usage> {
    let IfObject(usage) = serde_json::from_slice::<IfObject<RawUsage>>(object).ok()?;
    Some(usage?.usage()).filter(|usage| !usage.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatReader, StreamEvent, parse_event};

    /// The chunks of an answer, in the forms of two servers.
    fn chunks(id: &str, created: u64, text: &str, tokens: u64) -> Vec<String> {
        let begin = format!(
            r#"{{"id":"{id}","object":"chat.completion.chunk","created":{created},"model":"m","choices":["#
        );
        let usage = format!(
            r#"{{"prompt_tokens":{tokens},"completion_tokens":1,"total_tokens":{}}}"#,
            tokens + 1
        );
        vec![
            format!(
                r#"{begin}{{"index":0,"delta":{{"role":"assistant","content":""}},"finish_reason":null}}]}}"#
            ),
            format!(
                r#"{begin}{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}]}}"#
            ),
            format!(
                r#"{begin}{{"index":0,"delta":{{"reasoning_content":"{text}"}},"finish_reason":null}}]}}"#
            ),
            format!(
                r#"{begin}{{"index":0,"delta":{{}},"finish_reason":"stop","stop_reason":null}}]}}"#
            ),
            format!(r#"{begin}],"usage":{usage}}}"#),
            format!(
                r#"{{"choices":[{{"finish_reason":"length","index":0,"delta":{{"content":"{text}"}}}}],"created":{created},"id":"{id}","model":"m"}}"#
            ),
        ]
    }

    fn read(data: &str) -> StreamEvent<'_> {
        ChatReader::default().read("", data.as_bytes())
    }

    #[test]
    fn chunks_of_another_answer_need_no_parser() {
        for chunk in chunks("chatcmpl-1", 1_700_000_000, " a", 9) {
            assert_eq!(recall(chunk.as_bytes()), None, "{chunk}");
            read(&chunk);
        }
        for chunk in chunks("chatcmpl-22", 1_700_000_012, " 词", 4711) {
            let recalled = recall(chunk.as_bytes()).map(StreamEvent::Chunk);
            assert_eq!(recalled, Some(parse_event("", chunk.as_bytes())), "{chunk}");
        }
    }

    #[test]
    fn what_differs_in_more_is_parsed() {
        let known = chunks("chatcmpl-1", 1_700_000_000, " a", 9);
        known.iter().for_each(|chunk| drop(read(chunk)));
        let changes = [
            (r#""chatcmpl-1""#, r#""""#),
            (r#""chatcmpl-1""#, r#""a\u0062""#),
            (r#""chatcmpl-1""#, "\"a\u{1}b\""),
            (r#""chatcmpl-1""#, "null"),
            (r#""chatcmpl-1""#, r#"{"id":"b"}"#),
            ("1700000000", "017"),
            ("1700000000", "-1"),
            ("1700000000", r#""1700000000""#),
            (r#"" a""#, r#""\n""#),
            (
                r#"" a""#,
                r#""a","tool_calls":[{"id":"t","function":{"name":"f"}}]"#,
            ),
            (r#"" a""#, r#""a"}},{"index":1,"delta":{"content":"b""#),
            (r#""stop""#, r#""stop","delta":{"content":"x"}"#),
            (r#""stop""#, "null"),
            (r#"_tokens":9"#, r#"_tokens":"nine""#),
            (
                r#"_tokens":9"#,
                r#"_tokens":9,"prompt_tokens_details":{"cached_tokens":8}"#,
            ),
            (
                r#"_tokens":10}"#,
                r#"_tokens":10},"timings":{"prompt_n":77}"#,
            ),
            (
                r#"_tokens":10}"#,
                r#"_tokens":10},"error":{"message":"out of memory"}"#,
            ),
            (r#""model":"m""#, r#""model":"m","error":"broken""#),
            (
                r#""model":"m""#,
                r#""model":"m","type":"error","message":"broken""#,
            ),
            ("}", ""),
        ];
        for (from, to) in changes {
            for chunk in known.iter().filter(|chunk| chunk.contains(from)) {
                let changed = chunk.replacen(from, to, 1);
                let parsed = parse_event("", changed.as_bytes());
                assert_eq!(read(&changed), parsed, "{changed}");
            }
        }
    }

    #[test]
    fn a_stream_that_is_like_no_other_asks_no_more() {
        let mut reader = ChatReader::default();
        let chunk = |i: u32| format!(r#"{{"x{i}":0,"choices":[{{"delta":{{"content":"a"}}}}]}}"#);
        for i in 0..100 {
            let data = chunk(i);
            let read = reader.read("", data.as_bytes());
            assert_eq!(read, parse_event("", data.as_bytes()));
        }
        assert_eq!(recall(chunk(99).as_bytes()), None);
    }
}
