//! The canary: three serial requests with made text (four under a salt) that show whether hits happen here, whether
//! they are reported, and whether what is to make a prompt cold does so.

use super::CacheBreaker;
use crate::{
    cancel::Cancel, control::pause, exchange::Client, exchange::answer_reading::AnswerReading,
    exchange::response::Response, request::body::BodyExtras, request::filler::filler,
    request::marker::Markers, request::prepare::request_of_text, transport::StampCounts,
};
use dualround_model::{
    Api, CacheControl, CanaryReport, ControlReport, Ending, FailureKind, Outcome, Plan, Sample,
    StreamFacts, TEMPLATE_TOKENS, Timeline, Usage, Warning,
};
use std::{mem::discriminant, time::Duration};

/// Characters of the canary text: at least two blocks of 256 tokens, the largest seen in real
/// caches, also where a word is one token.
const CHARS: usize = 4500;
/// Tokens of a longer text at most.
const MOST_TOKENS: usize = 8192;
/// Engines store finished blocks asynchronously; the repetition waits for that.
const STORE_WAIT: Duration = Duration::from_millis(300);

/// Why a probe was not answered.
#[derive(Clone, Debug)]
pub(crate) struct RefusedProbe {
    /// HTTP status, when a head was read.
    pub(crate) status: Option<u16>,
    pub(crate) kind: FailureKind,
    /// A reason for people: mostly the server's.
    pub(crate) message: String,
}

impl RefusedProbe {
    /// The kind, and the reason.
    pub(crate) fn words(&self) -> String {
        format!("{}: {}", self.kind, self.message)
    }
}

/// What the answer to a probe said of its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    pub(crate) usage: Usage,
    /// The answer's own id.
    pub(crate) id: Option<String>,
}

/// Sends made text that is not measured, one request after the other.
pub(crate) struct Prober<'a> {
    client: &'a Client,
    plan: &'a Plan,
    /// What shapes the measured prompts shapes these too.
    like: Option<&'a Sample>,
    text: String,
    /// By which a service routes the requests; `None` where they have no key.
    key: Option<String>,
    sent: u32,
    slot: Option<crate::transport::Link>,
    /// What of the answers is not understood, each once.
    odd: Vec<Warning>,
}

impl<'a> Prober<'a> {
    pub(crate) fn new(
        client: &'a Client,
        plan: &'a Plan,
        like: Option<&'a Sample>,
        key: Option<String>,
    ) -> Self {
        Self {
            client,
            plan,
            like,
            key,
            text: filler(plan.seed, CHARS),
            sent: 0,
            slot: None,
            odd: Vec::new(),
        }
    }

    /// The warnings of what was not understood in the answers, each kind once.
    pub(crate) fn into_odd(self) -> Vec<Warning> {
        self.odd
    }

    fn note_odd(&mut self, facts: &StreamFacts, timeline: &Timeline) {
        let text = facts.unknown_text.as_ref().map(|text| {
            let first = timeline.first_token_ns;
            let lead = first.map(|first| first.saturating_sub(text.at_ns));
            Warning::UnknownText {
                count: 1,
                of: 1,
                place: text.place.clone(),
                lead_ms: lead.map(|ns| Duration::from_nanos(ns).as_secs_f64() * 1e3),
            }
        });
        let reason = facts.finish_reason.as_deref();
        let reason = reason.filter(|reason| Ending::of(reason) == Ending::Unknown);
        let finish = reason.map(|reason| Warning::UnknownFinish {
            count: 1,
            reason: reason.to_owned(),
        });
        for odd in text.into_iter().chain(finish) {
            let mut known = self.odd.iter().map(discriminant);
            if known.all(|kind| kind != discriminant(&odd)) {
                self.odd.push(odd);
            }
        }
    }

    /// Characters of the text that was sent last.
    pub(crate) fn text_length(&self) -> usize {
        self.text.len()
    }

    /// The API has fields that ask a cache to keep something, and the text has none.
    fn is_unasked(&self) -> bool {
        let asked = self.plan.request.cache.control.and_then(CacheControl::ttl);
        match self.plan.api() {
            Api::Messages => asked.is_none(),
            Api::Chat | Api::Completions | Api::Responses => false,
        }
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent
    }

    /// Makes the text longer: engines whose models are part recurrent cache in units of thousands
    /// of tokens. `false`: it is that long already.
    pub(crate) fn lengthen(&mut self, chars: usize) -> bool {
        if chars <= self.text.len() {
            return false;
        }
        self.text = filler(self.plan.seed ^ 1, chars);
        true
    }

    /// Sends the text once, and waits until it may have been stored.
    ///
    /// # Errors
    /// [`RefusedProbe`] when the server did not answer it.
    pub(crate) async fn send(&mut self, fresh: &CacheBreaker) -> Result<Probed, RefusedProbe> {
        let text = self.text.clone();
        self.send_text(&text, fresh).await
    }

    /// Sends another text of that length, which begins with other words.
    async fn send_other(&mut self, fresh: &CacheBreaker) -> Result<Probed, RefusedProbe> {
        let text = filler(self.plan.seed ^ 2, self.text.len());
        self.send_text(&text, fresh).await
    }

    async fn send_text(
        &mut self,
        text: &str,
        fresh: &CacheBreaker,
    ) -> Result<Probed, RefusedProbe> {
        self.sent += 1;
        let target = &self.client.target;
        let extras = BodyExtras {
            fresh: Some(fresh),
            key: self.key.as_deref(),
        };
        let request = request_of_text(self.plan, target, self.like, text, 2, extras);
        let reading = AnswerReading {
            keep_text: false,
            ..AnswerReading::of(self.plan)
        };
        let mut response = Response::new(self.client.clock.now(), reading);
        let (cancel, mut counts) = (Cancel::new(), StampCounts::default());
        self.client
            .exchange(
                &mut self.slot,
                &request,
                &mut response,
                &cancel,
                &mut counts,
            )
            .await;
        if let Outcome::Failed(failure) = response.outcome() {
            return Err(RefusedProbe {
                status: failure.status,
                kind: failure.kind,
                message: failure.message,
            });
        }
        let answered = response.into_answered();
        self.note_odd(&answered.stream, &answered.timeline);
        pause(STORE_WAIT).await;
        Ok(Probed {
            usage: answered.usage,
            id: answered.id,
        })
    }
}

/// What decides how long a text has to be so that a cache takes it at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextLengths {
    /// Tokens of the unit in which prompts are cached, where it is known.
    pub(crate) block: Option<u64>,
    /// Characters of the longest measured prompt.
    pub(crate) longest_chars: usize,
}

impl TextLengths {
    /// Characters of a text that is as long as twice a block and as the longest measured prompt,
    /// but of no more than 8,192 tokens, by the tokens of a text of [`CHARS`].
    fn longer(self, tokens: u64) -> usize {
        let per_token = CHARS / usize::try_from(tokens).unwrap_or(usize::MAX).max(1);
        let per_token = per_token.max(1);
        let block = usize::try_from(self.block.unwrap_or(0)).unwrap_or(usize::MAX);
        let blocks = block.saturating_mul(2).saturating_mul(per_token);
        blocks.max(self.longest_chars).min(MOST_TOKENS * per_token)
    }
}

/// Runs the canary. A text that was not found again is sent once more at length before anything is
/// said of it.
///
/// # Errors
/// [`RefusedProbe`] when the server did not answer one of the requests.
pub(crate) async fn run(
    prober: &mut Prober<'_>,
    markers: &mut Markers,
    salt_field: Option<&str>,
    lengths: TextLengths,
) -> Result<CanaryReport, RefusedProbe> {
    let report = three(prober, markers, salt_field).await?;
    let missed = report.found() != Some(true);
    let (true, Some(tokens)) = (missed, report.prompt_tokens) else {
        return Ok(report);
    };
    if !prober.lengthen(lengths.longer(tokens)) {
        return Ok(report);
    }
    // One that is refused for its length says nothing beyond the first.
    Ok(three(prober, markers, salt_field).await.unwrap_or(report))
}

/// Text A fresh 1, the same again, text A fresh 2; fresh is a marker, or a value of `salt_field`, under
/// which text B fresh 1 follows.
async fn three(
    prober: &mut Prober<'_>,
    markers: &mut Markers,
    salt_field: Option<&str>,
) -> Result<CanaryReport, RefusedProbe> {
    let one = fresh(markers, salt_field);
    let two = fresh(markers, salt_field);
    let first = prober.send(&one).await?;
    let repeated = prober.send(&one).await?;
    let other = prober.send(&two).await?;
    // Under a salt nothing of another epoch is shared, so what prompts of one share shows only in
    // another text under the same value.
    let other_text = match salt_field {
        Some(_) => prober.send_other(&one).await?.usage.cached_tokens,
        None => None,
    };
    Ok(CanaryReport {
        prompt_tokens: first.usage.prompt_tokens,
        replayed: first.id.is_some()
            && first.id == repeated.id
            && first.id != other.id
            // An id may be a digest of the prompt; a stored answer repeats its usage.
            && first.usage.cached_tokens == repeated.usage.cached_tokens,
        first: first.usage.cached_tokens,
        repeated: repeated.usage.cached_tokens,
        other_marker: other.usage.cached_tokens,
        other_counted: other.usage.prompt_tokens.is_some(),
        other_text,
        salt_field: salt_field.map(str::to_owned),
        written: first.usage.written_tokens,
        control: None,
        unasked: prober.is_unasked(),
    })
}

/// The next cache breaker: a salt for this field, or a marker where there is none.
pub(crate) fn fresh(markers: &mut Markers, salt_field: Option<&str>) -> CacheBreaker {
    let words = markers.next();
    match salt_field {
        None => CacheBreaker::Marker(words),
        Some(field) => CacheBreaker::Salt {
            field: field.to_owned(),
            value: words.trim_end().replace(' ', "-"),
        },
    }
}

/// What the fields that control a cache do, by a text that is sent twice without them: `without` sends
/// requests that do not have them, `report` is of requests that do.
///
/// # Errors
/// [`RefusedProbe`] when the server did not answer one of the requests.
pub(crate) async fn without_control(
    without: &mut Prober<'_>,
    markers: &mut Markers,
    report: &CanaryReport,
    least: Option<u64>,
    fields: Vec<&'static str>,
) -> Result<ControlReport, RefusedProbe> {
    let fresh = fresh(markers, report.salt_field.as_deref());
    without.send(&fresh).await?;
    let repeated = without.send(&fresh).await?;
    Ok(ControlReport {
        fields: fields.into_iter().map(str::to_owned).collect(),
        with: report.repeated,
        written: report.written,
        without: repeated.usage.cached_tokens,
        counted: report.other_counted && repeated.usage.prompt_tokens.is_some(),
        min_tokens: least,
        prompt_tokens: report.prompt_tokens,
    })
}

/// Whether the field makes a prompt cold: the text hit under one value, and missed under another.
pub(crate) fn separates(report: &CanaryReport) -> bool {
    let missed = match report.other_marker {
        Some(hit) => hit <= TEMPLATE_TOKENS,
        // Left out, as it is without a hit, by an answer that counts tokens.
        None => report.other_counted,
    };
    report.found() == Some(true) && missed
}

/// Tokens that a text was found with behind another marker, of how many, where that is most of it:
/// fresh text does not separate.
pub(crate) fn found_behind_other(report: &CanaryReport) -> Option<(u64, u64)> {
    let (hit, of) = report.other_marker.zip(report.prompt_tokens)?;
    (!report.replayed && 2 * hit >= of).then_some((hit, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_proven_by_an_answer_that_counts_tokens() {
        let report = |other_marker, other_counted| CanaryReport {
            prompt_tokens: Some(1100),
            first: None,
            repeated: Some(1088),
            other_marker,
            other_counted,
            salt_field: Some("cache_salt".to_owned()),
            other_text: None,
            replayed: false,
            written: None,
            control: None,
            unasked: false,
        };
        assert!(separates(&report(Some(0), true)));
        // vLLM leaves the field out without a hit.
        assert!(separates(&report(None, true)));
        // No usage at all.
        assert!(!separates(&report(None, false)));
        assert!(!separates(&report(Some(1088), true)));
    }

    #[test]
    fn a_longer_text_fits_the_block_and_the_longest_prompt() {
        let of = |block, longest_chars| {
            TextLengths {
                block,
                longest_chars,
            }
            .longer(1500)
        };
        // Three characters a token.
        assert_eq!(of(None, 100), 100);
        assert_eq!(of(Some(16), 100), 100);
        assert_eq!(of(Some(2096), 100), 2 * 2096 * 3);
        assert_eq!(of(None, 10_000), 10_000);
        assert_eq!(of(None, 1_000_000), 8192 * 3);
    }
}
