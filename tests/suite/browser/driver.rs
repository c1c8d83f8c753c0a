//! Chromium by way of ChromeDriver (W3C WebDriver), in as few words as these tests need.

#![expect(clippy::disallowed_methods, reason = "these tests start a browser")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser window of its own, which ends with it.
pub(super) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    /// The browser's files.
    _profile: TempDir,
}

impl Browser {
    /// Opens a window, with or without JavaScript.
    pub(super) fn start(javascript: bool) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok());
        // It goes on talking, and must not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser = Self { driver, port: port.expect("a port"), session: String::new(), _profile: profile };
        let folder = format!("--user-data-dir={}", browser._profile.path().join("profile").display());
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", folder],
            "prefs": { "profile.managed_default_content_settings.javascript": if javascript { 1 } else { 2 } },
        });
        let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let answer = browser.ask("POST", "", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    pub(super) fn go(&self, address: &str) {
        self.ask("POST", "/url", &json!({ "url": address }));
    }

    /// Runs a script in the page, and gives what it returns.
    pub(super) fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What the page wrote to the browser's log: errors, and whatever its policy forbade.
    pub(super) fn complaints(&self) -> Vec<String> {
        let log = self.ask("POST", "/se/log", &json!({ "type": "browser" }));
        log.as_array().expect("a log").iter().map(|line| line["message"].to_string()).collect()
    }

    /// The text of an element, as far as it is shown.
    pub(super) fn text(&self, which: &str) -> String {
        let element = self.find(which);
        let text = self.ask("GET", &format!("/element/{element}/text"), &Value::Null);
        text.as_str().expect("text").to_owned()
    }

    pub(super) fn click(&self, which: &str) {
        let element = self.find(which);
        self.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    pub(super) fn type_into(&self, which: &str, text: &str) {
        let element = self.find(which);
        self.ask("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Empties a field, and tells the page so.
    pub(super) fn clear(&self, which: &str) {
        let element = self.find(which);
        self.ask("POST", &format!("/element/{element}/clear"), &json!({}));
        self.run(&format!("document.querySelector('{which}').dispatchEvent(new Event('input'))"));
    }

    /// Chooses one of the options of a field by its value.
    pub(super) fn choose(&self, which: &str, value: &str) {
        self.click(&format!("{which} option[value=\"{value}\"]"));
    }

    /// The size of a small phone.
    pub(super) fn phone(&self) {
        let metrics = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
        self.develop("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// A user who likes it dark.
    pub(super) fn dark(&self) {
        let feature = json!({ "name": "prefers-color-scheme", "value": "dark" });
        self.develop("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    fn develop(&self, command: &str, parameters: &Value) {
        self.ask("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    fn find(&self, which: &str) -> String {
        let found = self.ask("POST", "/element", &json!({ "using": "css selector", "value": which }));
        let name = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        name.expect("an element").to_owned()
    }

    /// One request of HTTP/1.1; the `value` of its answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = match self.session.as_str() {
            "" => "/session".to_owned(),
            session => format!("/session/{session}{path}"),
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut answer = Vec::new();
        // Some drivers keep the connection all the same, so the length is what ends it.
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            length = line.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().expect("a length"));
        }
        reader.take(length).read_to_end(&mut answer).expect("a body");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert!(answer["value"].get("error").is_none(), "{method} {path}: {}", answer["value"]);
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.ask("DELETE", "", &Value::Null);
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
