//! One request over HTTP: to an address that is allowed, without following anything, within a time and a size.

use super::address::is_public;
use super::{Outcome, Parcel, Secret, Target};
use std::io::{Cursor, Read};
use std::net::IpAddr;
use std::time::Duration;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error, SendBody, http};

/// Most of an answer that is read.
const MOST_ANSWER: u64 = 64 * 1024;
/// Longest pause that a service may ask for.
const LONGEST_PAUSE: u64 = 24 * 3600;

/// Names are looked up once, and what is connected to is what was looked at: a name that means something else a moment later is no way in.
#[derive(Debug)]
struct Allowed {
    private: bool,
    /// Whether the address is spoken to without encryption: then it must be of the own network.
    plain: bool,
}

/// An address that is not connected to.
#[derive(Debug)]
struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Why an address is not connected to, if it is not.
pub(super) fn refused(ip: IpAddr, private: bool, plain: bool) -> Option<String> {
    match (is_public(ip), private, plain) {
        (false, false, _) => Some(format!("the address {ip} is within this network; where that is meant, write `allow_private = true`")),
        (true, _, true) => Some(format!("the address {ip} is not within this network, and would be spoken to without encryption; use https")),
        _ => None,
    }
}

impl Resolver for Allowed {
    fn resolve(&self, uri: &http::Uri, config: &ureq::config::Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        match found.iter().find_map(|at| refused(at.ip(), self.private, self.plain)) {
            Some(why) => Err(Error::Other(Box::new(Refused(why)))),
            None => Ok(found),
        }
    }
}

/// A body that tells whether any of it was asked for.
struct Watched<'b> {
    bytes: Cursor<&'b [u8]>,
    taken: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.taken = true;
        self.bytes.read(buffer)
    }
}

pub(super) fn post(target: &Target, url: &Secret, sign: Option<&Secret>, parcel: Parcel<'_>, now: i64) -> Outcome {
    // A server that is not there is found out before the message leaves: the body waits until the server has said that it wants it.
    match attempt(target, url, sign, parcel, now, true) {
        // One that knows nothing of waiting.
        Attempt::Unwilling => match attempt(target, url, sign, parcel, now, false) {
            Attempt::Done(outcome) => outcome,
            Attempt::Unwilling => Outcome::not_sent("answered 417", true),
        },
        Attempt::Done(outcome) => outcome,
    }
}

enum Attempt {
    Done(Outcome),
    Unwilling,
}

fn attempt(target: &Target, url: &Secret, sign: Option<&Secret>, parcel: Parcel<'_>, now: i64, wait: bool) -> Attempt {
    let (url, body) = target.service.signed(url.reveal(), parcel.body, sign, now);
    let agent = agent(target, url.starts_with("http://"));
    let mut body = Watched { bytes: Cursor::new(body.as_bytes()), taken: false };
    let mut request = agent
        .post(&url)
        .header("Content-Type", "application/json; charset=utf-8")
        .header("Content-Length", body.bytes.get_ref().len().to_string())
        .header("Idempotency-Key", parcel.key);
    if wait {
        request = request.header("Expect", "100-continue");
    }
    let answered = request.send(SendBody::from_reader(&mut body));
    let outcome = match answered {
        Ok(mut response) => {
            let status = response.status().as_u16();
            if status == 417 && wait {
                return Attempt::Unwilling;
            }
            let header = response.headers().get("Retry-After").and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse::<u64>().ok());
            let pause = header.map(|seconds| Duration::from_secs(seconds.min(LONGEST_PAUSE)));
            let bytes = response.body_mut().with_config().limit(MOST_ANSWER).read_to_vec();
            let text = bytes.ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            target.service.answer(status, pause, text.as_deref())
        }
        Err(e) if body.taken => Outcome::unanswered(format!("no answer: {}", words(&e))),
        Err(e) => Outcome::not_sent(words(&e), matches!(e, Error::Other(_) | Error::BadUri(_) | Error::Http(_))),
    };
    Attempt::Done(outcome)
}

fn agent(target: &Target, plain: bool) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // A proxy would look names up itself, and connect to what nobody looked at.
        .proxy(None)
        .https_only(!plain)
        .max_idle_connections(0)
        .max_response_header_size(32 * 1024)
        .user_agent(concat!("ahu/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(target.timeout))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), Allowed { private: target.allow_private, plain })
}

/// What went wrong, without the address.
fn words(e: &Error) -> String {
    match e {
        Error::Timeout(_) => "it took too long".to_owned(),
        Error::HostNotFound => "there is no host of that name".to_owned(),
        Error::Io(e) => e.to_string(),
        Error::Other(e) if e.downcast_ref::<Refused>().is_some() => e.to_string(),
        Error::Rustls(e) => format!("its certificate or encryption is not right: {e}"),
        Error::Tls(e) => format!("its certificate or encryption is not right: {e}"),
        Error::BadUri(_) | Error::Http(_) => "the address is no address of a server".to_owned(),
        Error::Protocol(_) => "it does not answer as a web server does".to_owned(),
        _ => "the connection failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_within_the_network_are_refused() {
        let ip = |text: &str| text.parse().expect("an address");
        assert!(refused(ip("10.0.0.8"), false, false).is_some_and(|why| why.contains("allow_private")));
        assert_eq!(refused(ip("10.0.0.8"), true, true), None);
        assert!(refused(ip("1.1.1.1"), true, true).is_some_and(|why| why.contains("https")));
        assert_eq!(refused(ip("1.1.1.1"), false, false), None);
    }
}
