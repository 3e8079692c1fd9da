//! A server that behaves as badly as it is told to, and remembers what it was sent.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is taken, and answered with this status, these headers and this body.
    Answer(u16, String, String),
    /// The connection ends before anything is read.
    NotRead,
    /// It is read whole, and the connection ends.
    NotAnswered,
    /// It is read half.
    HalfRead,
    /// It is answered half.
    HalfAnswered,
    /// It is read, and answered after so long.
    Late(Duration),
}

impl Fate {
    pub fn ok() -> Fate {
        Fate::Answer(200, String::new(), "ok".to_owned())
    }

    pub fn json(body: &str) -> Fate {
        Fate::Answer(200, String::new(), body.to_owned())
    }
}

/// A request as it was read, and what it met.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub key: String,
    pub body: String,
    pub fate: Fate,
}

impl Request {
    /// Whether who sent it must think that it may have arrived, and it has.
    pub fn arrived(&self) -> bool {
        match &self.fate {
            Fate::Answer(status, ..) => *status < 300,
            Fate::NotAnswered | Fate::HalfAnswered | Fate::Late(_) => true,
            Fate::NotRead | Fate::HalfRead => false,
        }
    }
}

pub struct Server {
    pub port: u16,
    /// Connections, and requests as far as they were read.
    pub connections: Arc<Mutex<usize>>,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `fate` is asked with the path and key of each request; before they are read both are empty, and only [`Fate::NotRead`] counts.
    pub fn start(fate: impl FnMut(&str, &str) -> Fate + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Server { port, connections: Arc::default(), requests: Arc::default() };
        let (connections, requests, fate) = (server.connections.clone(), server.requests.clone(), Arc::new(Mutex::new(fate)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                *connections.lock().expect("a lock") += 1;
                let (requests, fate) = (requests.clone(), fate.clone());
                std::thread::spawn(move || serve(stream, &requests, &fate));
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("a lock").clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().expect("a lock")
    }

    /// How often each key arrived.
    pub fn arrivals(&self) -> BTreeMap<String, usize> {
        let mut all = BTreeMap::new();
        for request in self.requests().iter().filter(|r| r.arrived()) {
            *all.entry(request.key.clone()).or_default() += 1;
        }
        all
    }
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn serve<F: FnMut(&str, &str) -> Fate>(mut stream: TcpStream, requests: &Mutex<Vec<Request>>, fate: &Mutex<F>) {
    if (fate.lock().expect("a lock"))("", "") == Fate::NotRead {
        return;
    }
    let Some(head) = head(&mut stream) else { return };
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)));
        line.map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let key = header("Idempotency-Key");
    let decided = (fate.lock().expect("a lock"))(&path, &key);
    if header("Expect").eq_ignore_ascii_case("100-continue") && stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
        return;
    }
    let length: usize = header("Content-Length").parse().unwrap_or(0);
    let mut body = vec![0; if decided == Fate::HalfRead { length / 2 } else { length }];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    requests.lock().expect("a lock").push(Request { path, key, body, fate: decided.clone() });
    let (status, headers, text) = match decided {
        Fate::Answer(status, headers, text) => (status, headers, text),
        Fate::NotRead | Fate::NotAnswered | Fate::HalfRead => return,
        Fate::HalfAnswered => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Len");
            return;
        }
        Fate::Late(time) => {
            std::thread::sleep(time);
            (200, String::new(), "ok".to_owned())
        }
    };
    let answer = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len());
    let _ = stream.write_all(answer.as_bytes());
}

/// A mail server: gives what each client said, and the port. `refuse` is said to who logs in.
pub fn mail(refuse: bool) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = said.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let text = converse(stream, refuse);
            all.lock().expect("a lock").push(text.unwrap_or_default());
        }
    });
    (port, said)
}

fn converse(mut stream: TcpStream, refuse: bool) -> Option<String> {
    use std::io::BufRead;
    let mut lines = std::io::BufReader::new(stream.try_clone().ok()?).lines();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 here")?;
    let (mut said, mut in_data) = (String::new(), false);
    while let Some(Ok(line)) = lines.next() {
        said.push_str(&line);
        said.push('\n');
        match line.to_uppercase() {
            _ if in_data => {
                if line == "." {
                    in_data = false;
                    say("250 taken")?;
                }
            }
            l if l.starts_with("EHLO") => say("250-here\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")?,
            // What it was told, a careless server says again.
            l if l.starts_with("AUTH") && refuse => say(&format!("535 wrong: {line} canary-smtp-password"))?,
            l if l.starts_with("AUTH") => say("235 welcome")?,
            l if l.starts_with("DATA") => {
                in_data = true;
                say("354 go on")?;
            }
            l if l.starts_with("QUIT") => {
                say("221 bye")?;
                break;
            }
            _ => say("250 fine")?,
        }
    }
    Some(said)
}
