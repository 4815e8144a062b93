//! The HTTP API of a Prometheus server, or of what speaks it.

use super::source::SourceError;
use crate::{
    LoadError,
    control::Control,
    request::auth::{given, of_other_server},
    request::head::Headers,
    secrets::Secrets,
    transport::Network,
};
use dualround_model::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The API of a Prometheus server that was found to answer.
pub(crate) struct PromqlApi {
    control: Control,
    /// Of the API's paths.
    base: String,
    /// Parameters that the URL has, for every question.
    extra: String,
    headers: Headers,
}

impl PromqlApi {
    /// Asks whether one answers at this address. `/metrics` is a page, a Prometheus' own too.
    pub(crate) async fn find(control: Control, headers: &Headers) -> Option<Self> {
        let path = control.target.path.clone();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let path = path.trim_end_matches('/');
        if path.ends_with("/metrics") {
            return None;
        }
        let base = path.find("/api/v1").map_or(path, |at| &path[..at]);
        let extra = match query {
            "" => String::new(),
            query => format!("&{query}"),
        };
        let mut api = Self {
            base: base.to_owned(),
            extra,
            headers: of_other_server(&control.target, headers),
            control,
        };
        api.get("query", &[("query", "1")]).await.ok()?;
        Some(api)
    }

    /// Asks one question; returns the `data` of the answer.
    ///
    /// # Errors
    /// [`SourceError`] where none comes, or the server's own words.
    pub(crate) async fn get(
        &mut self,
        call: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, SourceError> {
        let parameters: Vec<String> = parameters
            .iter()
            .map(|(key, value)| {
                let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                format!("{key}={value}")
            })
            .collect();
        let (base, extra) = (&self.base, &self.extra);
        self.control.target.path = format!("{base}/api/v1/{call}?{}{extra}", parameters.join("&"));
        let answer = self.control.send("GET", &self.headers, b"").await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if body.get("status").is_some_and(|status| status == "success") {
            return Ok(body.get("data").cloned().unwrap_or_default());
        }
        let status = answer.status;
        Err(match body.get("error").and_then(Value::as_str) {
            Some(words) => SourceError::Refused {
                words: words.to_owned(),
            },
            None => SourceError::Status { status },
        })
    }

    /// The names of all metrics that the server has.
    ///
    /// # Errors
    /// As [`PromqlApi::get`].
    pub(crate) async fn names(&mut self) -> Result<Vec<String>, SourceError> {
        let data = self.get("label/__name__/values", &[]).await?;
        let names = data.as_array().into_iter().flatten();
        Ok(names.filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

/// An expression with its placeholders filled in. `$round` is a range that reaches back to the last
/// scrape before the round's first request; `$since` is an offset to that request: what an instant
/// vector has there is that same scrape.
pub(crate) fn placed(text: &str, since: Duration, interval: Duration) -> String {
    text.replace("$round", &promql_duration(since + interval))
        .replace("$since", &promql_duration(since))
}

/// A duration as PromQL writes it.
pub(crate) fn promql_duration(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// An expression as it can be tried outside any round.
pub(crate) fn tried(text: &str) -> String {
    placed(text, Duration::from_secs(60), Duration::ZERO)
}

/// Why a Prometheus server did not answer a question.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct PrometheusError {
    /// The server's own words, or what came in their place; secrets removed.
    pub reason: String,
}

/// A Prometheus server for the tool's own checks, outside any run. Blocks.
pub struct PrometheusServer {
    api: PromqlApi,
    runtime: Runtime,
    secrets: Secrets,
}

impl std::fmt::Debug for PrometheusServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrometheusServer").finish_non_exhaustive()
    }
}

impl PrometheusServer {
    /// Asks whether one answers at `url`, each question with these headers and within `limit`.
    ///
    /// # Errors
    /// [`LoadError`] when the URL cannot be used.
    pub fn find(
        url: &str,
        network: &Network,
        headers: &[(String, Secret)],
        limit: Duration,
    ) -> Result<Option<Self>, LoadError> {
        let control = Control::to(url, network, limit)?;
        let runtime = crate::runtime::single()?;
        let api = runtime.block_on(PromqlApi::find(control, &given(headers)));
        let secrets = Secrets::of_request(url, headers, network.plan());
        Ok(api.map(|api| Self {
            api,
            runtime,
            secrets,
        }))
    }

    /// The `data` of an API call.
    ///
    /// # Errors
    /// [`PrometheusError`] with the server's own words.
    pub fn get(
        &mut self,
        call: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, PrometheusError> {
        let answer = self.runtime.block_on(self.api.get(call, parameters));
        let data = answer.map_err(|error| self.scrubbed(&error))?;
        Ok(self.secrets.scrub_all(data))
    }

    /// The value of an expression now; placeholders stand for a minute.
    ///
    /// # Errors
    /// [`PrometheusError`] with the server's own words.
    pub fn evaluate(&mut self, text: &str) -> Result<Value, PrometheusError> {
        self.get("query", &[("query", &tried(text))])
    }

    /// The names of all metrics that the server has.
    ///
    /// # Errors
    /// [`PrometheusError`] with the server's own words.
    pub fn names(&mut self) -> Result<Vec<String>, PrometheusError> {
        let names = self.runtime.block_on(self.api.names());
        names.map_err(|error| self.scrubbed(&error))
    }

    fn scrubbed(&self, error: &SourceError) -> PrometheusError {
        PrometheusError {
            reason: self.secrets.scrub(error.to_string()),
        }
    }
}
