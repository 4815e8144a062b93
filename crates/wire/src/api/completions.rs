//! The events of a completions stream: chunks whose choices bear `text` instead of a delta. Usage,
//! ends and errors are those of chat completions, of which the servers share them.

use crate::{chat::event::StreamEvent, chat::reader::ChatReader, sse::SseEvent};

/// A reader of the events of one completions stream.
#[derive(Debug, Default)]
pub struct CompletionsReader {
    /// A choice's own text is read there too.
    chunks: ChatReader,
}

impl CompletionsReader {
    /// Says what the next event means.
    #[inline]
    pub(super) fn read_event<'a>(&mut self, event: SseEvent<'a>) -> StreamEvent<'a> {
        self.chunks.read_event(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn text_of_a_choice_is_the_answer() {
        let mut reader = CompletionsReader::default();
        let mut read = |data: &str| {
            let event = SseEvent {
                event: "",
                data: data.as_bytes(),
                stray: false,
            };
            match reader.read_event(event) {
                StreamEvent::Chunk(facts) => {
                    let text = facts.content.map(Cow::into_owned);
                    (text, facts.finish_reason.map(Cow::into_owned))
                }
                other => panic!("{other:?}"),
            }
        };
        let chunk = |text: &str, end: &str| {
            format!(
                r#"{{"id":"cmpl-1","object":"text_completion","choices":[{{"text":"{text}","index":0,"logprobs":null,"finish_reason":{end}}}]}}"#
            )
        };
        for word in ["One", " two", " three"] {
            assert_eq!(read(&chunk(word, "null")), (Some(word.to_owned()), None));
        }
        assert_eq!(
            read(&chunk("", "\"stop\"")),
            (None, Some("stop".to_owned()))
        );
    }
}
