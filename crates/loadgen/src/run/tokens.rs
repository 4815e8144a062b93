//! Token ids of exactly what was sent, by the engine's own tokenizer and template. Asked for after
//! the prompts were sent, so that nothing of a measured prompt is seen by the server before.

use super::{engines::RunEngines, epoch::RunEpoch, setting::RunSetting};
use crate::{
    clock::nanos,
    control::Control,
    engine::{TokenizerCalls, tokenizer_calls},
    request::api::{as_chat, plain_prompt},
    request::auth::credentials,
    request::head::Headers,
    transport::Target,
};
use dualround_model::Api;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How long all answers may take together.
const WHOLE_LIMIT: Duration = Duration::from_secs(60);
/// Bytes of prompts above which it is left alone.
const MOST_BYTES: usize = 64 << 20;

impl RunEpoch {
    /// Asks for the ids of each request in the order of the dataset, once; they stay unknown where
    /// the engine has no tokenizer to ask, or it would take too long.
    /// `turns` gives the bodies of sessions by position, where the level asks those.
    pub(super) fn ask_token_ids(
        &mut self,
        setting: &RunSetting,
        engines: &RunEngines,
        turns: Option<&dyn TurnBodies>,
    ) {
        if self.token_ids.is_some() {
            return;
        }
        let Some(bodies) = self.bodies.as_ref() else {
            return;
        };
        let Some(mut tokenizer) = Tokenizer::of(setting, engines, self) else {
            return;
        };
        let control = &setting.control;
        let (count, mut bytes) = match turns {
            None => (bodies.requests.len(), 0),
            Some(turns) => (turns.count(), 0_usize),
        };
        let ids = control.run(async {
            let mut all = Vec::with_capacity(count);
            for at in 0..count {
                let body = match turns {
                    None => {
                        let request = bodies.requests.get(at)?;
                        serde_json::from_slice(&request.bytes[request.body_at..]).ok()?
                    }
                    Some(turns) => match turns.body(at) {
                        Some(body) => {
                            bytes += body.to_string().len();
                            body
                        }
                        // It was never sent.
                        None => {
                            all.push(Vec::new());
                            continue;
                        }
                    },
                };
                if bytes > MOST_BYTES || control.cancel.is_cancelled() {
                    return None;
                }
                all.push(tokenizer.ids(&body).await?);
            }
            Some(all)
        });
        self.token_ids = ids;
    }
}

/// The bodies of sessions, which nobody holds.
pub(super) trait TurnBodies {
    /// How many there are.
    fn count(&self) -> usize;
    /// The body at a position as it was sent; `None` where it was not.
    fn body(&self, position: usize) -> Option<Value>;
}

/// A server that tokenizes, and how it is asked.
struct TokenizerPlace {
    calls: TokenizerCalls,
    target: Target,
    /// What stands before the path of a call.
    prefix: String,
    headers: Headers,
}

impl TokenizerPlace {
    /// The first engine that the user names behind the endpoint, which a gateway may not pass calls on to;
    /// else the endpoint's own server.
    fn of(setting: &RunSetting, engines: &RunEngines) -> Option<Self> {
        let named = engines.watches.iter().skip(1);
        let mut named = named.filter_map(|watch| {
            let calls = tokenizer_calls(watch.report.kind)?;
            let (target, prefix, headers) = watch.place();
            Some(Self {
                calls,
                target,
                prefix,
                headers,
            })
        });
        named.next().or_else(|| {
            let target = setting.target().clone();
            Some(Self {
                calls: tokenizer_calls(engines.kind())?,
                prefix: target.base_path().to_owned(),
                target,
                headers: credentials(&setting.plan),
            })
        })
    }
}

/// A connection to an engine's tokenizer.
pub(super) struct Tokenizer {
    calls: TokenizerCalls,
    control: Control,
    prefix: String,
    headers: Headers,
    model: String,
    api: Api,
    clock: crate::Clock,
    until: u64,
}

impl Tokenizer {
    /// The engine's tokenizer, where it has one to ask and the prompts are not too much for it.
    pub(super) fn of(setting: &RunSetting, engines: &RunEngines, epoch: &RunEpoch) -> Option<Self> {
        let plan = &setting.plan;
        let requests = epoch.bodies.as_ref()?.requests.iter();
        let bytes: usize = requests.map(|request| request.bytes.len()).sum();
        if !plan.probe || bytes > MOST_BYTES {
            return None;
        }
        let clock = setting.control.clock();
        let TokenizerPlace {
            calls,
            target,
            prefix,
            mut headers,
        } = TokenizerPlace::of(setting, engines)?;
        headers.set("Content-Type", "application/json");
        Some(Self {
            calls,
            prefix,
            headers,
            model: plan.model.clone(),
            api: plan.api(),
            control: Control::new(target, clock, ANSWER_LIMIT),
            clock,
            until: clock.now() + nanos(WHOLE_LIMIT),
        })
    }

    /// The ids of a request's whole prompt as the engine would compute it: messages, tools and
    /// template arguments. `None` when it does not say, or no longer.
    pub(super) async fn ids(&mut self, request: &Value) -> Option<Vec<u32>> {
        if self.clock.now() > self.until {
            return None;
        }
        let plain = plain_prompt(self.api, request);
        if let Some(ids) = plain.and_then(Value::as_array) {
            return ids.iter().map(token_id).collect();
        }
        let request = &as_chat(self.api, request)?;
        let body = match self.calls {
            TokenizerCalls::Messages if plain.is_some() => {
                json!({"model": self.model, "prompt": plain})
            }
            TokenizerCalls::TemplateFirst if plain.is_some() => {
                json!({"content": plain, "add_special": true, "parse_special": true})
            }
            TokenizerCalls::Messages => {
                let keys = ["messages", "tools", "chat_template", "chat_template_kwargs"];
                let mut body = fields_of(request, &keys);
                body.insert("model".to_owned(), json!(self.model));
                body.insert("add_generation_prompt".to_owned(), json!(true));
                Value::Object(body)
            }
            TokenizerCalls::TemplateFirst => {
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
                let body = Value::Object(fields_of(request, &keys));
                let answer = self.post("apply-template", &body).await?;
                let text = answer.get("prompt")?.as_str()?.to_owned();
                json!({"content": text, "add_special": true, "parse_special": true})
            }
        };
        let answer = self.post("tokenize", &body).await?;
        let tokens = answer.get("tokens")?.as_array()?;
        tokens.iter().map(token_id).collect()
    }

    async fn post(&mut self, call: &str, body: &Value) -> Option<Value> {
        self.control.target.path = format!("{}/{call}", self.prefix);
        let sent = self
            .control
            .send("POST", &self.headers, body.to_string().as_bytes())
            .await;
        let answer = sent.ok().filter(|answer| answer.status == 200)?;
        serde_json::from_slice(&answer.body).ok()
    }
}

fn token_id(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

/// Those fields of a request that are there.
fn fields_of(request: &Value, keys: &[&str]) -> Map<String, Value> {
    let mut fields = Map::new();
    for key in keys {
        if let Some(value) = request.get(*key) {
            fields.insert((*key).to_owned(), value.clone());
        }
    }
    fields
}
