//! One HTTP question by hand, with nothing between the test and the bytes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Heard {
    /// The HTTP status; 0 when not even a head came.
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// Asks `base` for `path`, which begins without a slash.
pub(crate) fn get(base: &str, path: &str) -> Heard {
    ask(base, "GET", path, &[], b"")
}

/// Asks with a method, headers and a body of JSON.
pub(crate) fn ask(base: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Heard {
    let address = base.strip_prefix("http://").expect("the site speaks HTTP");
    let (host, root) = address.split_once('/').expect("the base has a path");
    let mut stream = TcpStream::connect(host).expect("the site listens");
    let mut head = format!("{method} /{root}/{path} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    // A site that breaks the connection off does so while it is being written to.
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    heard(&bytes)
}

fn heard(bytes: &[u8]) -> Heard {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let head = String::from_utf8_lossy(&bytes[..end.unwrap_or(0)]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers = lines.filter_map(|line| line.split_once(':'));
    Heard {
        status,
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect(),
        body: end.map_or_else(Vec::new, |end| bytes[end + 4..].to_vec()),
    }
}
