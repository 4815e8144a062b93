//! A whole JSON answer, and what stands in the place of one.

use crate::{
    chat::chunk::Chunk,
    chat::quoted,
    chat::repair::repair,
    errors::body::page_title,
    errors::vendor::{of_body, says_nothing},
    errors::words::error_of,
};
use dualround_model::Usage;
use serde_json::Value;
use std::borrow::Cow;

/// An error object in a list, as Google's services send it.
pub(crate) fn listed_error(body: &[u8]) -> Option<String> {
    let items: Vec<Value> = serde_json::from_slice(body).ok()?;
    let error = items
        .iter()
        .find(|item| item.get("error").is_some_and(|e| !says_nothing(e)))?;
    error_of(error)
}

/// A body that is no answer, nor an error in the place of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// A page of HTML, such as gateways send.
    #[error("the body is an HTML page, no answer: {title}")]
    Page {
        /// Its title, or its first words.
        title: String,
    },
    /// A list that holds no error.
    #[error("the body is not an answer: it is a list: {quote}")]
    List {
        /// How it begins.
        quote: String,
    },
    /// Not JSON, or not of the shape of an answer.
    #[error("the body is not an answer: {reason}: {quote}")]
    NotAnAnswer {
        /// The parser's words.
        reason: String,
        /// How it begins.
        quote: String,
    },
    /// An object without an answer.
    #[error("the body is not an answer: it has no {wanted}: {quote}")]
    Without {
        /// The field in which the answer would stand.
        wanted: &'static str,
        /// How it begins.
        quote: String,
    },
}

/// The facts of a whole JSON answer: what a client needs to know of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BodyFacts {
    /// Answer text.
    pub text: String,
    /// Reasoning text.
    pub reasoning: String,
    /// A tool call is in it.
    pub tool_call: bool,
    /// Why it ended.
    pub finish_reason: Option<String>,
    /// Token counts.
    pub usage: Option<Usage>,
    /// An error object instead of an answer.
    pub error: Option<String>,
    /// The answer's own id.
    pub id: Option<String>,
}

impl BodyFacts {
    /// A body that is an error, and holds nothing else.
    pub(crate) fn of_error(message: String) -> Self {
        Self {
            error: Some(message),
            ..Self::default()
        }
    }
}

/// Reads a whole JSON answer.
///
/// # Errors
/// [`BodyError`] when the body is no JSON object of the expected shape.
pub fn parse_body(body: &[u8]) -> Result<BodyFacts, BodyError> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        let Some(message) = listed_error(body) else {
            return Err(BodyError::List {
                quote: quoted(body),
            });
        };
        return Ok(BodyFacts::of_error(message));
    }
    let repaired = repair(body);
    let text = repaired.as_deref().unwrap_or(body);
    let chunk: Chunk<'_> =
        serde_json::from_slice(text).map_err(|error| not_an_answer(body, &error))?;
    if let Some((message, _)) = chunk.error(text) {
        return Ok(BodyFacts::of_error(message));
    }
    if chunk.choices.as_ref().is_none_or(Vec::is_empty) {
        let Some(told) = of_body(text) else {
            return Err(BodyError::Without {
                wanted: "choices",
                quote: quoted(body),
            });
        };
        return Ok(BodyFacts::of_error(told.words));
    }
    let facts = chunk.facts();
    Ok(BodyFacts {
        text: facts.content.map(Cow::into_owned).unwrap_or_default(),
        reasoning: facts.reasoning.map(Cow::into_owned).unwrap_or_default(),
        tool_call: facts.tool_call || facts.refusal || facts.media,
        finish_reason: facts.finish_reason.map(Cow::into_owned),
        usage: facts.usage.map(|usage| *usage),
        error: None,
        id: facts.id.map(Cow::into_owned),
    })
}

pub(crate) fn not_an_answer(body: &[u8], error: &serde_json::Error) -> BodyError {
    match page_title(body) {
        Some(title) => BodyError::Page { title },
        None => BodyError::NotAnAnswer {
            reason: error.to_string(),
            quote: quoted(body),
        },
    }
}
