//! Which path does what.

use crate::{
    chat::{self, Refusal},
    dialect::Dialect,
    engine::{CachedTokens, Engine},
    faults::{self, Fault, PageFaultKind},
    http::{Connection, HttpRequest},
    metrics,
    prompt::SimPrompt,
    stream::ChatAnswer,
    tokenizer,
    truth::TruthRequest,
};
use serde_json::{Map, Value, json};
use std::{io, sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, time::sleep};

const JSON: &str = "application/json";
/// Tokens that a prompt and its answer may have, as it is told; nothing is refused for it.
const CONTEXT: u64 = 131_072;

/// Answers one request; false when the connection is to be closed.
pub(crate) async fn route(
    engine: &Arc<Engine>,
    connection: &mut Connection,
    number: u64,
    request: &HttpRequest,
) -> io::Result<bool> {
    let path = request.path.split('?').next().unwrap_or("");
    if path.starts_with("/v1/") && !is_allowed(engine, request) {
        let refusal = Refusal {
            status: 401,
            message: "Unauthorized".to_owned(),
        };
        let body = refusal.body(Dialect::of_path(path).unwrap_or(Dialect::Chat));
        connection.respond(401, JSON, &body).await?;
        return Ok(true);
    }
    if let ("POST", Some(dialect)) = (request.method.as_str(), Dialect::of_path(path)) {
        return chat(engine, connection, number, dialect, request).await;
    }
    match (request.method.as_str(), path) {
        ("GET", "/v1/models") => {
            let models = engine.config.models.iter();
            let list: Vec<Value> = models
                .map(|id| json!({"id": id, "object": "model", "max_model_len": CONTEXT}))
                .collect();
            let body = json!({"object": "list", "data": list}).to_string();
            connection.respond(200, JSON, &body).await?;
        }
        ("GET", "/health") => connection.respond(200, JSON, "{}").await?,
        ("GET", "/version") => {
            let body = json!({"version": env!("CARGO_PKG_VERSION"), "engine": "simllm"});
            connection.respond(200, JSON, &body.to_string()).await?;
        }
        ("GET", "/metrics") => {
            return metrics_page(engine, connection).await;
        }
        ("POST", "/reset_prefix_cache") if engine.config.reset_enabled => {
            engine.reset();
            connection.respond(200, JSON, "{}").await?;
        }
        ("POST", "/tokenize") if engine.config.tokenize => {
            tokenize(connection, &request.body).await?;
        }
        ("GET", "/truth") => {
            let truth = serde_json::to_string(&engine.lock().truth).map_err(io::Error::other)?;
            connection.respond(200, JSON, &truth).await?;
        }
        (method, path) => {
            let known = ["/v1/models", "/metrics", "/health", "/truth"];
            let reset = engine.config.reset_enabled && path == "/reset_prefix_cache";
            let is_known = known.contains(&path) || Dialect::of_path(path).is_some();
            let status = if reset || is_known { 405 } else { 404 };
            let body = json!({"error": {"message": format!("{method} {path}: not here")}});
            connection.respond(status, JSON, &body.to_string()).await?;
        }
    }
    Ok(true)
}

/// The request bears the key, where one is wanted.
fn is_allowed(engine: &Engine, request: &HttpRequest) -> bool {
    let Some(key) = &engine.config.api_key else {
        return true;
    };
    let bearer = request.authorization.as_deref() == Some(&format!("Bearer {key}"));
    let own = !engine.config.bearer_only && request.api_key.as_ref() == Some(key);
    bearer || own
}

/// Answers with the metrics page, or as the fault of this reading has it.
async fn metrics_page(engine: &Arc<Engine>, connection: &mut Connection) -> io::Result<bool> {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let read = {
        let mut state = engine.lock();
        state.pages += 1;
        state.pages
    };
    let mut page = metrics::page(engine);
    let fault = engine.config.metrics_fault.as_ref();
    let fault = fault.filter(|fault| fault.every > 0 && read.is_multiple_of(fault.every));
    match fault.map(|fault| &fault.fault) {
        None => {}
        Some(PageFaultKind::Status(code)) => {
            connection.respond(*code, TEXT, "made to fail").await?;
            return Ok(true);
        }
        Some(PageFaultKind::Html) => {
            let html = "<!doctype html><title>login</title><h1>Log in</h1>";
            connection.respond(200, "text/html", html).await?;
            return Ok(true);
        }
        Some(PageFaultKind::Garbage) => {
            page = page.replace("# TYPE", "}{ x=1\nbad_value{a=\"b\"} one\n# TYPE");
        }
        Some(PageFaultKind::OtherProcess(ahead)) => page = metrics::ahead(&page, *ahead),
        Some(PageFaultKind::Stall(ms)) => sleep(Duration::from_millis(*ms)).await,
        Some(PageFaultKind::Cut) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {TEXT}\r\nContent-Length: {}\r\n\r\n",
                page.len()
            );
            page.truncate(page.floor_char_boundary(page.len() / 2));
            let half = format!("{head}{page}");
            connection.stream.write_all(half.as_bytes()).await?;
            return Ok(false);
        }
    }
    connection.respond(200, TEXT, &page).await?;
    Ok(true)
}

/// Answers with the tokens of a text or of messages, as vLLM's and llama.cpp's routes do.
async fn tokenize(connection: &mut Connection, body: &[u8]) -> io::Result<()> {
    let body: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = body
        .get("prompt")
        .or(body.get("content"))
        .and_then(Value::as_str);
    let ids = match text {
        Some(text) => tokenizer::plain_tokens(text),
        None if body.get("messages").is_some_and(Value::is_array) => SimPrompt::rendered(&body).ids,
        None => {
            let refusal = Refusal::bad_request("give `prompt` or `messages`");
            return connection
                .respond(400, JSON, &refusal.body(Dialect::Chat))
                .await;
        }
    };
    let body = json!({"count": ids.len(), "max_model_len": CONTEXT, "tokens": ids});
    connection.respond(200, JSON, &body.to_string()).await
}

/// Answers a chat or completion request, refusals and faults of the status included.
async fn chat(
    engine: &Arc<Engine>,
    connection: &mut Connection,
    number: u64,
    dialect: Dialect,
    request: &HttpRequest,
) -> io::Result<bool> {
    let id = {
        let mut state = engine.lock();
        state.chats += 1;
        state.chats - 1
    };
    let body = engine
        .config
        .log_bodies
        .then(|| String::from_utf8_lossy(&request.body).into_owned());
    let mut truth = TruthRequest {
        id,
        t_recv_ns: engine.at(request.arrived),
        connection: number,
        body,
        ..TruthRequest::default()
    };
    let fault = faults::of(&engine.config.faults, id).cloned();
    let parsed = chat::parse(dialect, &request.body, &engine.config);
    let (status, more, text) = match (&fault, &parsed) {
        (
            Some(Fault::Status {
                code,
                body,
                retry_after,
            }),
            _,
        ) => {
            let refusal = Refusal {
                status: *code,
                message: format!("simulated {code}"),
            };
            let more = retry_after.map_or_else(String::new, |s| format!("Retry-After: {s}\r\n"));
            (
                *code,
                more,
                body.clone().unwrap_or_else(|| refusal.body(dialect)),
            )
        }
        (_, Err(refusal)) => (refusal.status, String::new(), refusal.body(dialect)),
        _ => (200, String::new(), String::new()),
    };
    match parsed {
        Ok(mut chat) if status == 200 => {
            truth.user = chat.user.take();
            let answer = ChatAnswer {
                engine,
                connection,
                chat,
                fault,
                truth,
                cached: CachedTokens::default(),
                held: Vec::new(),
                batch: Vec::new(),
                batched: 0,
                written: 0,
            };
            answer.serve().await
        }
        _ => {
            truth.status = status;
            truth.t_done_ns = Some(engine.now());
            engine.finish(truth);
            connection.respond_with(status, JSON, &more, &text).await?;
            Ok(true)
        }
    }
}
