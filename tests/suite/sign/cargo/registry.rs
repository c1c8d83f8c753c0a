//! A registry on this machine that takes what cargo publishes: just enough of its protocol, over plain HTTP.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use countersign::digest::Digest;

/// What was published: the lines of the index by name, and the archives in their order.
#[derive(Default)]
struct Published {
    index: BTreeMap<String, Vec<String>>,
    crates: Vec<Vec<u8>>,
}

/// A registry that runs until the tests end.
pub(super) struct Registry {
    address: String,
    published: Arc<Mutex<Published>>,
}

impl Registry {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let published = Arc::new(Mutex::new(Published::default()));
        let (shared, own) = (Arc::clone(&published), address.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, own) = (Arc::clone(&shared), own.clone());
                thread::spawn(move || serve(&stream, &own, &shared));
            }
        });
        Self { address, published }
    }

    /// Tells cargo of the registry, under the name `test`.
    pub(super) fn dress(&self, command: &mut Command) {
        command.env("CARGO_REGISTRIES_TEST_INDEX", format!("sparse+{}/index/", self.address));
        command.env("CARGO_REGISTRIES_TEST_TOKEN", "token");
    }

    /// Its address as purls have it.
    pub(super) fn encoded(&self) -> String {
        format!("sparse+{}/index/", self.address).replace('+', "%2B").replace('/', "%2F")
    }

    /// The archives that came, in their order.
    pub(super) fn crates(&self) -> Vec<Vec<u8>> {
        self.published.lock().unwrap().crates.clone()
    }
}

/// Answers one request.
fn serve(mut stream: &TcpStream, address: &str, published: &Mutex<Published>) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let answer = match first.split(' ').next() {
        Some("PUT") => Some(publish(&body, &mut published.lock().unwrap())),
        _ if path == "/index/config.json" => Some(format!("{{\"dl\":\"{address}/dl\",\"api\":\"{address}\"}}")),
        _ => {
            let name = path.rsplit('/').next().unwrap_or_default();
            published.lock().unwrap().index.get(name).map(|lines| lines.join("\n"))
        }
    };
    let status = if answer.is_some() { "200 OK" } else { "404 Not Found" };
    let answer = answer.unwrap_or_default();
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}", answer.len());
    drop(stream.write_all(text.as_bytes()));
}

/// Takes what cargo sends: what it says of the crate, and the archive, each behind its length.
fn publish(body: &[u8], published: &mut Published) -> String {
    let length = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap()) as usize;
    let said = length(0);
    let about: serde_json::Value = serde_json::from_slice(&body[4..4 + said]).unwrap();
    let archive = &body[8 + said..8 + said + length(4 + said)];
    let (name, version) = (about["name"].as_str().unwrap(), about["vers"].as_str().unwrap());
    let sum = Digest::of(archive).hex().to_string();
    let line = serde_json::json!({
        "name": name, "vers": version, "deps": [], "cksum": sum, "features": {}, "yanked": false
    });
    published.index.entry(name.to_owned()).or_default().push(line.to_string());
    published.crates.push(archive.to_vec());
    r#"{"warnings":{"invalid_categories":[],"invalid_badges":[],"other":[]}}"#.to_owned()
}
