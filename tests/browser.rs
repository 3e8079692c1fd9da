//! A real browser, where one is installed: WebDriver over a plain socket to `chromedriver`. Without it these tests say that they skip.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A browser with one page.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// A browser of this size; `None`, said aloud, where none is installed.
    pub fn open(width: u32, height: u32, dark: bool) -> Option<Browser> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let started = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(driver) = started else {
            eprintln!("skipped: no chromedriver is installed");
            return None;
        };
        let mut browser = Browser { driver, port, session: String::new() };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "chromedriver does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut args = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        args.extend(dark.then(|| "--blink-settings=preferredColorScheme=0".to_owned()));
        let wanted =
            json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL"}}}});
        let answer = browser.call("POST", "/session", &wanted);
        let Some(session) = answer["sessionId"].as_str() else {
            eprintln!("skipped: no browser starts here: {answer}");
            return None;
        };
        browser.session = session.to_owned();
        Some(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" || method == "DELETE" { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver answers");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("a request");
        let mut reader = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            reader.read_line(&mut line).expect("a header");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).expect("an answer");
        serde_json::from_slice::<Value>(&bytes).expect("JSON")["value"].take()
    }

    fn of_session(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Opens a file, at a place within it.
    pub fn go(&self, file: &Path, place: &str) {
        let url = format!("file://{}{place}", file.canonicalize().expect("the page").display());
        // Another place of the same page would not load it again.
        self.of_session("POST", "/url", &json!({"url": "about:blank"}));
        assert_eq!(self.of_session("POST", "/url", &json!({"url": url})), Value::Null);
    }

    /// What a script returns.
    pub fn eval(&self, script: &str) -> Value {
        self.of_session("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The one element that a selector finds.
    fn element(&self, css: &str) -> String {
        let found = self.of_session("POST", "/element", &json!({"using": "css selector", "value": css}));
        found.as_object().and_then(|o| o.values().next()).and_then(Value::as_str).unwrap_or_else(|| panic!("no {css}: {found}")).to_owned()
    }

    /// Clicks as a person does: it must be visible.
    pub fn click(&self, css: &str) {
        let done = self.of_session("POST", &format!("/element/{}/click", self.element(css)), &json!({}));
        assert_eq!(done, Value::Null, "{css}");
    }

    /// Types into a field.
    pub fn type_into(&self, css: &str, text: &str) {
        let done = self.of_session("POST", &format!("/element/{}/value", self.element(css)), &json!({"text": text}));
        assert_eq!(done, Value::Null, "{css}");
    }

    /// What the console has said: errors, and what the page's policy has refused.
    pub fn console(&self) -> Vec<String> {
        let log = self.of_session("POST", "/se/log", &json!({"type": "browser"}));
        log.as_array().into_iter().flatten().map(|entry| entry["message"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.of_session("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
