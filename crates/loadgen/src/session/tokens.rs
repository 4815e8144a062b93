//! Token ids of exactly what was sent, by the engine's own tokenizer and template. Asked for after
//! the rounds, so that nothing of a measured prompt is seen by the server before them.

use super::Session;
use crate::{LoadError, auth::credentials, clock::nanos, control::Control};
use dualround_model::EngineKind;
use serde_json::{Value, json};
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
    pub fn token_ids(&self) -> Result<Option<Vec<Vec<u32>>>, LoadError> {
        let Some(epoch) = self.epoch.as_ref().filter(|_| self.plan.probe) else {
            return Ok(None);
        };
        let bytes: usize = epoch
            .requests
            .iter()
            .map(|request| request.bytes.len())
            .sum();
        let Some(ask) = Ask::of(self.engine_kind()).filter(|_| bytes <= MOST) else {
            return Ok(None);
        };
        let target = self.wiring.target.clone();
        let mut headers = credentials(&self.plan.request, self.plan.endpoint_userinfo.as_ref());
        headers.push_str("Content-Type: application/json\r\n");
        let prefix = target.base_path().to_owned();
        let mut control = Control::new(target, self.tls.clone(), self.clock, LIMIT.0);
        let until = self.clock.now() + nanos(LIMIT.1);
        let runtime = crate::runtime::single()?;
        Ok(runtime.block_on(async {
            let mut all = Vec::with_capacity(epoch.requests.len());
            for request in &epoch.requests {
                let body = &request.bytes[request.body_at..];
                let body: Value = serde_json::from_slice(body).ok()?;
                let messages = body.get("messages")?;
                all.push(
                    ask.ids(&mut control, &prefix, &headers, &self.plan.model, messages)
                        .await?,
                );
                if self.clock.now() > until || self.cancel.is_cancelled() {
                    return None;
                }
            }
            Some(all)
        }))
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

    async fn ids(
        self,
        control: &mut Control,
        prefix: &str,
        headers: &str,
        model: &str,
        messages: &Value,
    ) -> Option<Vec<u32>> {
        let body = match self {
            Self::Messages => {
                json!({"model": model, "messages": messages, "add_generation_prompt": true})
            }
            Self::TemplateFirst => {
                let body = json!({"messages": messages});
                let path = format!("{prefix}/apply-template");
                let answer = post(control, &path, headers, &body).await?;
                let text = answer.get("prompt")?.as_str()?.to_owned();
                json!({"content": text, "add_special": true, "parse_special": true})
            }
        };
        let answer = post(control, &format!("{prefix}/tokenize"), headers, &body).await?;
        let tokens = answer.get("tokens")?.as_array()?;
        let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
        tokens.iter().map(id).collect()
    }
}

async fn post(control: &mut Control, path: &str, headers: &str, body: &Value) -> Option<Value> {
    control.target.path = path.to_owned();
    let answer = control
        .send("POST", headers, &body.to_string())
        .await
        .ok()?;
    serde_json::from_slice(&answer.body)
        .ok()
        .filter(|_| answer.status == 200)
}
