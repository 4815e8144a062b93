//! Request heads as data: one line a name, written out in one place.

use crate::transport::Target;
use std::fmt::Write;

/// Header fields of a request, each name once. A later field of a name takes the place of an
/// earlier one, so that what the user gives wins over what the program would send.
#[derive(Clone, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// One field.
    pub(crate) fn of(name: &str, value: &str) -> Self {
        let mut headers = Self::default();
        headers.set(name, value);
        headers
    }

    /// Sets a field; names differ in no more than case.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let field = (name.to_owned(), value.to_owned());
        match self.place(name) {
            Some(at) => self.0[at] = field,
            None => self.0.push(field),
        }
    }

    /// Sets all fields of `others`.
    pub(crate) fn set_all(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            self.set(name, value);
        }
    }

    /// The fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn place(&self, name: &str) -> Option<usize> {
        let mut names = self.0.iter().map(|(name, _)| name);
        names.position(|known| known.eq_ignore_ascii_case(name))
    }

    /// The whole head of a request for `target`: what every request has, these fields, and the
    /// length of its body, where it has one.
    pub(crate) fn head(&self, method: &str, target: &Target, body: Option<usize>) -> String {
        let mut all = Self::of("Host", &target.authority);
        all.set(
            "User-Agent",
            concat!("dualround/", env!("CARGO_PKG_VERSION")),
        );
        if let Some(authorization) = target.proxy_authorization() {
            all.set("Proxy-Authorization", &authorization);
        }
        all.set_all(self);
        if let Some(length) = body {
            all.set("Content-Length", &length.to_string());
        }
        let mut head = format!("{method} {} HTTP/1.1\r\n", target.request_target());
        for (name, value) in &all.0 {
            // Writing to a String cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::RequestPlan;

    #[test]
    fn f017_one_line_a_name_and_the_users_wins() {
        let target = Target::resolve("http://127.0.0.1:81/v1", &RequestPlan::default()).unwrap();
        let mut headers = Headers::of("Content-Type", "application/json");
        headers.set("Authorization", "Bearer key");
        headers.set("host", "llama.example");
        headers.set("AUTHORIZATION", "Bearer other");
        headers.set("X-Tenant", "a");
        let head = headers.head("POST", &target, Some(7));
        let lines: Vec<&str> = head.split("\r\n").collect();
        let agent = concat!("User-Agent: dualround/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            lines,
            [
                "POST /v1 HTTP/1.1",
                "host: llama.example",
                agent,
                "Content-Type: application/json",
                "AUTHORIZATION: Bearer other",
                "X-Tenant: a",
                "Content-Length: 7",
                "",
                "",
            ]
        );
        assert!(
            !Headers::default()
                .head("GET", &target, None)
                .contains("Content-Length")
        );
    }
}
