//! Token ids of exactly what was sent, by the engine's own tokenizer and template. Asked for after
//! the prompts were sent, so that nothing of a measured prompt is seen by the server before.

use super::Session;
use crate::{
    LoadError, clock::nanos, control::Control, request::api::plain_prompt,
    request::auth::credentials, request::head::Headers,
};
use dualround_model::{Api, EngineKind};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long one answer may take, and all of them together.
const LIMIT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(60));
/// Bytes of prompts above which it is left alone.
const MOST: usize = 64 << 20;

impl Session {
    /// The ids of each request of the last epoch, in the order of the dataset; `None` where the
    /// engine has no tokenizer to ask, or it would take too long.
    ///
    /// # Errors
    /// [`LoadError`] when no runtime or address can be had.
    pub fn token_ids(&mut self) -> Result<Option<&[Vec<u32>]>, LoadError> {
        if self.ids.is_none() {
            self.ids = self.ask_token_ids()?;
        }
        Ok(self.ids.as_deref())
    }

    /// The same, handed over: nothing of the level is sent any more.
    ///
    /// # Errors
    /// As [`Session::token_ids`].
    pub fn take_token_ids(&mut self) -> Result<Option<Vec<Vec<u32>>>, LoadError> {
        self.token_ids()?;
        Ok(self.ids.take())
    }

    fn ask_token_ids(&self) -> Result<Option<Vec<Vec<u32>>>, LoadError> {
        let Some((epoch, mut tokenizer)) = self.epoch.as_ref().zip(self.tokenizer()) else {
            return Ok(None);
        };
        let runtime = crate::runtime::single()?;
        Ok(runtime.block_on(async {
            let mut all = Vec::with_capacity(epoch.requests.len());
            for request in &epoch.requests {
                let body = &request.bytes[request.body_at..];
                let body: Value = serde_json::from_slice(body).ok()?;
                all.push(tokenizer.ids(&body).await?);
                if self.cancel.is_cancelled() {
                    return None;
                }
            }
            Some(all)
        }))
    }

    /// The engine's tokenizer, where it has one to ask and the prompts are not too much for it.
    pub(super) fn tokenizer(&self) -> Option<Tokenizer> {
        let requests = self.epoch.as_ref()?.requests.iter();
        let bytes: usize = requests.map(|request| request.bytes.len()).sum();
        if !self.plan.probe || bytes > MOST {
            return None;
        }
        let ask = Ask::of(self.engine_kind())?;
        let target = self.client.target.clone();
        let mut headers = credentials(&self.plan.request, self.plan.endpoint_userinfo.as_ref());
        headers.set("Content-Type", "application/json");
        Some(Tokenizer {
            ask,
            prefix: target.base_path().to_owned(),
            headers,
            model: self.plan.model.clone(),
            api: self.plan.api(),
            control: Control::new(target, self.tls.clone(), self.clock, LIMIT.0),
            clock: self.clock,
            until: self.clock.now() + nanos(LIMIT.1),
        })
    }
}

/// How an engine is asked.
#[derive(Clone, Copy)]
enum Ask {
    /// vLLM: `/tokenize` takes messages and applies the template.
    Messages,
    /// llama.cpp: `/apply-template`, then `/tokenize` of its text.
    TemplateFirst,
}

impl Ask {
    fn of(kind: EngineKind) -> Option<Self> {
        match kind {
            EngineKind::Vllm | EngineKind::Simulated => Some(Self::Messages),
            EngineKind::LlamaCpp => Some(Self::TemplateFirst),
            _ => None,
        }
    }
}

/// A connection to an engine's tokenizer.
pub(super) struct Tokenizer {
    ask: Ask,
    control: Control,
    prefix: String,
    headers: Headers,
    model: String,
    api: Api,
    clock: crate::Clock,
    until: u64,
}

impl Tokenizer {
    /// The ids of a request's whole prompt as the engine would compute it: messages, tools and
    /// template arguments. `None` when it does not say, or no longer.
    pub(super) async fn ids(&mut self, request: &Value) -> Option<Vec<u32>> {
        if self.clock.now() > self.until {
            return None;
        }
        let shaping = |keys: &[&str]| -> Map<String, Value> {
            let present = keys.iter().filter_map(|key| {
                let value = request.get(*key)?;
                Some(((*key).to_owned(), value.clone()))
            });
            present.collect()
        };
        let plain = plain_prompt(self.api, request);
        let body = match self.ask {
            Ask::Messages if plain.is_some() => json!({"model": self.model, "prompt": plain}),
            Ask::TemplateFirst if plain.is_some() => {
                json!({"content": plain, "add_special": true, "parse_special": true})
            }
            Ask::Messages => {
                let mut body =
                    shaping(&["messages", "tools", "chat_template", "chat_template_kwargs"]);
                body.insert("model".to_owned(), json!(self.model));
                body.insert("add_generation_prompt".to_owned(), json!(true));
                Value::Object(body)
            }
            Ask::TemplateFirst => {
                let keys = [
                    "messages",
                    "tools",
                    "tool_choice",
                    "parallel_tool_calls",
                    "chat_template_kwargs",
                    "response_format",
                    "json_schema",
                    "grammar",
                    "reasoning_format",
                ];
                let body = Value::Object(shaping(&keys));
                let answer = self.post("apply-template", &body).await?;
                let text = answer.get("prompt")?.as_str()?.to_owned();
                json!({"content": text, "add_special": true, "parse_special": true})
            }
        };
        let answer = self.post("tokenize", &body).await?;
        let tokens = answer.get("tokens")?.as_array()?;
        let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
        tokens.iter().map(id).collect()
    }

    async fn post(&mut self, call: &str, body: &Value) -> Option<Value> {
        self.control.target.path = format!("{}/{call}", self.prefix);
        let sent = self
            .control
            .send("POST", &self.headers, &body.to_string())
            .await;
        let answer = sent.ok().filter(|answer| answer.status == 200)?;
        serde_json::from_slice(&answer.body).ok()
    }
}
