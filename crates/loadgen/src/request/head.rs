//! Request heads as data: one line a name, written out in one place.

use crate::transport::target::Target;
use std::fmt::Write;

/// Header fields of a request, each name once. A later field of a name takes the place of an
/// earlier one, so that what the user gives wins over what the program would send.
#[derive(Clone, Default)]
pub(crate) struct Headers {
    /// Names and values.
    fields: Vec<(String, String)>,
}

impl Headers {
    /// Headers of one field.
    pub(crate) fn of(name: &str, value: &str) -> Self {
        let mut headers = Self::default();
        headers.set(name, value);
        headers
    }

    /// Sets a field; names differ in no more than case.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let field = (name.to_owned(), value.to_owned());
        match self.place(name) {
            Some(at) => self.fields[at] = field,
            None => self.fields.push(field),
        }
    }

    /// Sets all fields of `others`.
    pub(crate) fn set_all(&mut self, others: &Self) {
        for (name, value) in &others.fields {
            self.set(name, value);
        }
    }

    /// The fields as names and values, in the order in which they were set.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn place(&self, name: &str) -> Option<usize> {
        let mut names = self.fields.iter().map(|(name, _)| name);
        names.position(|known| known.eq_ignore_ascii_case(name))
    }

    /// The head of a request for `target`: what every request has, and these fields.
    pub(crate) fn head(&self, method: &str, target: &Target) -> RequestHead {
        let mut fields = Self::of("Host", &target.authority);
        fields.set(
            "User-Agent",
            concat!("dualround/", env!("CARGO_PKG_VERSION")),
        );
        if let Some(authorization) = target.proxy_authorization() {
            fields.set("Proxy-Authorization", &authorization);
        }
        fields.set_all(self);
        RequestHead {
            method: method.to_owned(),
            request_target: target.request_target().into_owned(),
            path: target.path.clone(),
            fields,
        }
    }
}

/// The head of a request, for either version of HTTP.
#[derive(Clone)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    /// As HTTP/1.1 has it: a whole URL for a proxy.
    request_target: String,
    /// Path and query.
    pub(crate) path: String,
    fields: Headers,
}

impl RequestHead {
    /// The bytes of HTTP/1.1, with the length of a body, where there is one.
    pub(crate) fn http1(&self, body: Option<usize>) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.request_target);
        let length = body.map(|length| length.to_string());
        let length = length.as_deref().map(|length| ("Content-Length", length));
        let own = self.fields.fields();
        let own =
            own.filter(|(name, _)| body.is_none() || !name.eq_ignore_ascii_case("Content-Length"));
        for (name, value) in own.chain(length) {
            // Writing to a String cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head
    }

    /// The host that is asked, which a field of the user may have replaced.
    pub(crate) fn host(&self) -> &str {
        let mut hosts = self
            .fields()
            .filter(|(name, _)| name.eq_ignore_ascii_case("Host"));
        hosts.next().map_or("", |(_, host)| host)
    }

    /// The fields as names and values, each name once.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.fields()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Network;

    #[test]
    fn f017_one_line_a_name_and_the_users_wins() {
        let target = Network::plain().target("http://127.0.0.1:81/v1").unwrap();
        let mut headers = Headers::of("Content-Type", "application/json");
        headers.set("Authorization", "Bearer key");
        headers.set("host", "llama.example");
        headers.set("AUTHORIZATION", "Bearer other");
        headers.set("X-Tenant", "a");
        let head = headers.head("POST", &target).http1(Some(7));
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
                .head("GET", &target)
                .http1(None)
                .contains("Content-Length")
        );
    }
}
