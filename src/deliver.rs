//! Messages to people who open no folders: what each service takes, one request to it, and when the next may be made.
//!
//! It sends what it is given: what is in a message, and which were sent before, others know. Addresses and passwords are [`Secret`]s: they
//! are in no error, log or history.

pub mod address;
mod http;
pub mod mail;
pub mod schedule;
mod secret;
pub mod service;

pub use secret::Secret;
pub use service::{Limits, Service};

use mail::Mail;
use std::time::Duration;

/// Where messages go, checked.
#[derive(Debug)]
pub struct Target {
    /// What errors call it.
    pub name: String,
    /// Whose protocol is spoken.
    pub service: Service,
    /// Its address.
    pub to: To,
    /// Whether an address within the own network may be connected to.
    pub allow_private: bool,
    /// How long one request may take.
    pub timeout: Duration,
}

/// An address.
#[derive(Debug)]
pub enum To {
    /// Of a robot, or of a program of one's own.
    Url {
        /// Where to post; it holds the robot's key.
        url: Secret,
        /// What requests are signed with.
        sign: Option<Secret>,
    },
    /// By e-mail.
    Mail(Mail),
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The service says that it has the message.
    Sent,
    /// It certainly has it not: it said so, or nothing of the message left.
    NotSent {
        /// How long it asks to be left alone.
        pause: Option<Duration>,
        /// Whether asking again will give the same: a wrong key, an address that is refused.
        lasting: bool,
    },
    /// The message left, and no answer came: nobody knows.
    Unanswered,
}

/// What became of a request, and why, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// See [`Fate`].
    pub fate: Fate,
    /// What went wrong; empty where nothing did.
    pub error: String,
}

impl Outcome {
    /// The service has the message.
    #[must_use]
    pub fn sent() -> Outcome {
        Outcome { fate: Fate::Sent, error: String::new() }
    }

    fn not_sent(error: impl Into<String>, lasting: bool) -> Outcome {
        Outcome { fate: Fate::NotSent { pause: None, lasting }, error: error.into() }
    }

    fn unanswered(error: impl Into<String>) -> Outcome {
        Outcome { fate: Fate::Unanswered, error: error.into() }
    }
}

/// A message as it waits.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// What the same message is told by.
    pub key: &'a str,
    /// As [`Service::body`] has made it.
    pub body: &'a str,
}

/// Longest error that is kept.
const MOST_ERROR: usize = 300;

impl Target {
    /// Makes one request. `now` is in seconds since 1970: signatures hold for a while only.
    #[must_use]
    pub fn send(&self, parcel: Parcel<'_>, now: i64) -> Outcome {
        let mut outcome = match &self.to {
            To::Url { url, sign } => http::post(self, url, sign.as_ref(), parcel, now),
            To::Mail(mail) => mail::send(self, mail, parcel),
        };
        outcome.error = self.harmless(&outcome.error);
        outcome
    }

    /// Which robot or server it is, to be told from others by: what is sent to one counts together.
    #[must_use]
    pub fn lane(&self) -> String {
        match &self.to {
            To::Url { url, .. } => url.reveal().to_owned(),
            To::Mail(mail) => format!("{}:{}", mail.host, mail.port),
        }
    }

    /// An error's words without secrets, which a service may have said after us, on one line.
    fn harmless(&self, error: &str) -> String {
        let mut text: String = error.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match &self.to {
            To::Url { url, sign } => [Some(url), sign.as_ref()].into_iter().flatten().for_each(|s| text = s.strike(&text)),
            To::Mail(mail) => mail.secrets().iter().for_each(|s| text = s.strike(&text)),
        }
        if text.chars().count() > MOST_ERROR {
            text = text.chars().take(MOST_ERROR).chain(['…']).collect();
        }
        text
    }
}
