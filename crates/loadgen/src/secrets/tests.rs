//! Secrets in the words of servers, in every form they were seen in.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::Secret;

#[test]
fn b151_secrets_in_a_servers_words_are_masked() {
    let mut plan = Plan::new("http://h", "d");
    plan.request.api_key = Some(Secret::new("sk-test-123"));
    plan.request.headers = vec![("X-Token".to_owned(), Secret::new("Token abcdef99"))];
    plan.endpoint_userinfo = Some(Secret::new("al:pa55w0rd"));
    let secrets = Secrets::of(&plan);
    let said =
        "bad key sk-test-123 (Token abcdef99, abcdef99), pa55w0rd, YWw6cGE1NXcwcmQ=; al".to_owned();
    assert_eq!(secrets.scrub(said), "bad key *** (***, ***), ***, ***; al");
}

#[test]
fn f016_secrets_are_masked_in_every_form() {
    let mut plan = Plan::new("http://h/v1?token=qu%2Fery1", "d");
    plan.request.api_key = Some(Secret::new("sk/te\"st-123"));
    plan.request.network.proxy.http = Some(Secret::new("bo:pr%40xypass@proxy:1"));
    plan.admin_urls = vec!["http://ad:adm1n-pw@h:2/".to_owned()];
    let secrets = Secrets::of(&plan);
    for form in [
        "sk/te\"st-123",
        r#"sk/te\"st-123"#,
        "sk%2Fte%22st%2D123",
        "sk/te%22st-123",
        "sk%2fte%22st-123",
        "sk/te&quot;st-123",
        r#"sk/te\\\"st-123"#,
        r#"sk\/te\"st-123"#,
        "qu/ery1",
        "qu%2Fery1",
        "pr@xypass",
        "pr%40xypass",
        "Ym86cHJAeHlwYXNz",
        "adm1n-pw",
        "YWQ6YWRtMW4tcHc=",
    ] {
        let masked = secrets.scrub(format!("<{form}>"));
        assert_eq!(masked, "<***>", "{form}");
    }
}

#[test]
fn f016_common_words_of_headers_are_no_secrets() {
    let mut plan = Plan::new("http://h", "d");
    let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    plan.request.headers = vec![
        header("X-Title", "Latency benchmark"),
        header("HTTP-Referer", "https://my.site"),
        header("Accept", "application/json"),
        header("Authorization", "Bearer sk-a&b=c-0123"),
    ];
    let secrets = Secrets::of(&plan);
    let plain = "Missing Bearer token for application/json, a benchmark of https://my.site";
    assert_eq!(secrets.scrub(plain.to_owned()), plain);
    for form in [
        "sk-a&b=c-0123",
        r"sk-a\u0026b=c-0123",
        r"sk-a\u0026b\u003dc-0123",
    ] {
        assert_eq!(secrets.scrub(form.to_owned()), "***");
    }
}

#[test]
fn f016_a_secret_that_was_cut_is_masked() {
    let mut plan = Plan::new("http://h", "d");
    plan.request.api_key = Some(Secret::new("sk-abcdef-0123456789"));
    let secrets = Secrets::of(&plan);
    for (said, masked) in [
        (
            "begins with `yyy sk-abcdef-0123…` (HTTP 200)",
            "begins with `yyy ***…` (HTTP 200)",
        ),
        ("sk-abcdef-0", "sk-abcdef-0"),
        ("sk-abcdef…", "***…"),
        ("sk-ab…", "sk-ab…"),
        ("no key here…", "no key here…"),
    ] {
        assert_eq!(secrets.scrub(said.to_owned()), masked);
    }
}

const KEY: &str = "Ab3/dEf+9hIj/kLmN+oPqRs/tUvWx+Yz12345678==";

fn with_key(key: &str) -> Secrets {
    let mut plan = Plan::new("http://h", "d");
    plan.request.api_key = Some(Secret::new(key));
    Secrets::of(&plan)
}

#[test]
fn f016_a_key_of_which_only_some_characters_are_escaped_is_masked() {
    let secrets = with_key(KEY);
    for (writer, escapes) in [
        ("mustache", &[("/", "&#x2F;"), ("=", "&#x3D;")][..]),
        ("Go's html/template", &[("+", "&#43;")]),
        (".NET html", &[("+", "&#x2B;")]),
        ("a slash only", &[("/", "%2F")]),
        ("all but the slash", &[("+", "%2B"), ("=", "%3D")]),
        ("twice", &[("/", "%252F"), ("+", "%252B"), ("=", "%253D")]),
        ("PHP", &[("/", "\\/")]),
        ("PHP in JSON", &[("/", "\\\\\\/")]),
        ("Gson", &[("=", "\\u003d")]),
        ("Gson in JSON", &[("=", "\\\\u003d")]),
        ("System.Text.Json", &[("+", "\\u002B")]),
        ("JSON in HTML", &[("+", "\\u002b"), ("/", "&amp;#47;")]),
        ("Python's bytes", &[("+", "\\x2b")]),
    ] {
        let said = escapes
            .iter()
            .fold(KEY.to_owned(), |text, (c, escape)| text.replace(c, escape));
        let masked = secrets.scrub(format!("bad key {said}, and more"));
        assert_eq!(masked, "bad key ***, and more", "{writer}");
        // Cut by the program, inside an escape too.
        for length in 16..said.len() {
            let masked = secrets.scrub(format!("bad key {}…", &said[..length]));
            let left = masked.trim_start_matches("bad key ");
            assert_eq!(left, "***…", "{writer} {length}");
        }
    }
}

#[test]
fn f016_what_else_a_server_makes_of_a_key_is_masked() {
    let secrets = with_key(KEY);
    for said in [
        STANDARD.encode(format!("Bearer {KEY}")),
        STANDARD.encode(format!("me:{KEY}")),
        KEY.to_ascii_uppercase(),
        KEY.bytes().map(|byte| format!("{byte:02X}")).collect(),
        format!("{} {}", &KEY[..16], &KEY[16..]),
        // A server that quotes it in part.
        format!("{}...", &KEY[..14]),
        format!("...{}", &KEY[20..]),
    ] {
        let masked = secrets.scrub(said.clone());
        let longest = (0..KEY.len() - 12).find(|at| masked.contains(&KEY[*at..at + 12]));
        assert!(
            masked.contains("***") && longest.is_none(),
            "{said}: {masked}"
        );
        assert!(masked.len() < said.len() / 2 + 20, "{said}: {masked}");
    }
    // As services name a key without giving it away.
    for said in ["Ab3/dEf+...", "Ab3/***********78=="] {
        assert_eq!(secrets.scrub(said.to_owned()), said);
    }
}

#[test]
fn f016_parts_of_a_header_are_masked_by_themselves() {
    let mut plan = Plan::new("http://h", "d");
    let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    let basic = STANDARD.encode("al:pa55w0rd");
    plan.request.headers = vec![
        header("Cookie", "session=c00kie-one; token=c00kie-two"),
        header("Authorization", &format!("Basic {basic}")),
        header("X-Auth", "ApiKey my-key-id:the-s3cret"),
        header("X-Sign", "HMAC id=client-77, signature=\"deadbeef01\""),
        header("X-Api-Key", "key=abcd-efgh-1"),
        header(
            "X-Aws-Auth",
            "AWS4-HMAC-SHA256 Credential=AKIA0000/x, SignedHeaders=host;x-amz-date, Signature=f00ba4f00",
        ),
    ];
    let secrets = Secrets::of(&plan);
    for part in [
        "c00kie-one",
        "c00kie-two",
        "pa55w0rd",
        "al:pa55w0rd",
        &basic,
        "the-s3cret",
        "client-77",
        "deadbeef01",
        "abcd-efgh-1",
        "f00ba4f00",
    ] {
        assert_eq!(secrets.scrub(format!("bad {part}!")), "bad ***!");
    }
    let plain = "session or token of host x-amz-date missing, HMAC with signature and key";
    assert_eq!(secrets.scrub(plain.to_owned()), plain);
}
