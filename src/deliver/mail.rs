//! One e-mail: encrypted, unless the settings name a host that may be spoken to without.

use super::http::refused;
use super::{Fate, Outcome, Parcel, Secret, Target};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use std::net::{SocketAddr, ToSocketAddrs};

/// Where and how e-mail is sent.
#[derive(Debug)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: Tls,
    /// Who sends.
    pub from: Mailbox,
    /// Who receives.
    pub to: Vec<Mailbox>,
    /// Name to log in with.
    pub user: Option<Secret>,
    /// Password to log in with.
    pub password: Option<Secret>,
}

impl Mail {
    /// User and password, as they are and as they are said to a server.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let plain: Vec<&Secret> = [&self.user, &self.password].into_iter().flatten().collect();
        let whole = plain.iter().map(|s| format!("\0{}", s.reveal())).collect::<String>();
        let said = plain.iter().map(|s| STANDARD.encode(s.reveal())).chain((!whole.is_empty()).then(|| STANDARD.encode(&whole))).map(Secret::new);
        plain.iter().map(|s| (*s).clone()).chain(said).collect()
    }
}

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted from the first byte (465).
    Whole,
    /// Encrypted after `STARTTLS`; a server that does not offer it is refused.
    Start,
    /// Not at all, as the settings explicitly say.
    Plain,
}

/// What is sent of a body that [`super::Service::body`] has made.
#[derive(serde::Deserialize)]
struct Letter {
    subject: String,
    text: String,
}

/// An error of the mail library: an answer of the server that says no, or none.
fn failed(doing: &str, e: &lettre::transport::smtp::Error) -> Outcome {
    let error = format!("{doing}: {e}{}", std::error::Error::source(e).map_or(String::new(), |cause| format!(": {cause}")));
    Outcome { fate: Fate::NotSent { pause: None, lasting: e.is_permanent() }, error }
}

pub(super) fn send(target: &Target, mail: &Mail, parcel: Parcel<'_>) -> Outcome {
    let message = match message(mail, parcel) {
        Ok(message) => message,
        Err(why) => return Outcome::not_sent(why, true),
    };
    let mut connection = match connect(target, mail) {
        Ok(connection) => connection,
        Err(outcome) => return outcome,
    };
    let outcome = hand_over(&mut connection, mail, &message);
    // What was taken is taken, however the goodbye goes.
    let _ = connection.quit();
    outcome
}

fn message(mail: &Mail, parcel: Parcel<'_>) -> Result<Vec<u8>, String> {
    let letter: Letter = serde_json::from_str(parcel.body).map_err(|e| format!("the message that waits is damaged: {e}"))?;
    let mut message = Message::builder()
        .from(mail.from.clone())
        .subject(letter.subject)
        // Who gets it twice can tell.
        .message_id(Some(format!("<{}@{}>", parcel.key, mail.from.email.domain())))
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        message = message.to(to.clone());
    }
    message.body(letter.text).map(|m| m.formatted()).map_err(|e| format!("the message cannot be written: {e}"))
}

/// The first address of the server that may be connected to, and can be.
fn connect(target: &Target, mail: &Mail) -> Result<SmtpConnection, Outcome> {
    let found: Vec<SocketAddr> =
        (mail.host.as_str(), mail.port).to_socket_addrs().map_err(|_| Outcome::not_sent("there is no host of that name", false))?.collect();
    if let Some(why) = found.iter().find_map(|at| refused(at.ip(), target.allow_private, false)) {
        return Err(Outcome::not_sent(why, true));
    }
    let tls = TlsParameters::new(mail.host.clone()).map_err(|e| failed("cannot encrypt", &e))?;
    let hello = ClientId::Domain("localhost".to_owned());
    let mut last = Outcome::not_sent("there is no host of that name", false);
    for at in found {
        let wrapped = (mail.tls == Tls::Whole).then_some(&tls);
        let connected = SmtpConnection::connect(at, Some(target.timeout), &hello, wrapped, None);
        match connected.map_err(|e| failed("cannot connect", &e)).and_then(|c| ready(c, mail, &tls, &hello)) {
            Ok(connection) => return Ok(connection),
            Err(outcome) => last = outcome,
        }
    }
    Err(last)
}

/// Encrypts, and logs in.
fn ready(mut connection: SmtpConnection, mail: &Mail, tls: &TlsParameters, hello: &ClientId) -> Result<SmtpConnection, Outcome> {
    if mail.tls == Tls::Start {
        if !connection.can_starttls() {
            connection.abort();
            return Err(Outcome::not_sent("the server offers no encryption (STARTTLS)", true));
        }
        connection.starttls(tls, hello).map_err(|e| failed("cannot encrypt", &e))?;
    }
    if let (Some(user), Some(password)) = (&mail.user, &mail.password) {
        let credentials = Credentials::new(user.reveal().to_owned(), password.reveal().to_owned());
        connection.auth(DEFAULT_MECHANISMS, &credentials).map_err(|e| {
            // Some servers say again what they were told, as they were told it.
            let answer = e.status().map_or(String::new(), |code| format!(" (answered {code})"));
            Outcome { error: format!("cannot log in{answer}: compare the user and the password with the server's"), ..failed("", &e) }
        })?;
    }
    Ok(connection)
}

/// Sender, receivers, message; until the last all that fails has certainly not been sent.
fn hand_over(connection: &mut SmtpConnection, mail: &Mail, message: &[u8]) -> Outcome {
    let begun = connection.command(From::new(Some(mail.from.email.clone()), Vec::new()));
    let named = begun.and_then(|_| mail.to.iter().try_for_each(|to| connection.command(Rcpt::new(to.email.clone(), Vec::new())).map(|_| ())));
    if let Err(e) = named.and_then(|()| connection.command(Data).map(|_| ())) {
        return failed("the server refuses", &e);
    }
    match connection.message(message) {
        Ok(_) => Outcome::sent(),
        Err(e) if e.status().is_some() => failed("the server refuses", &e),
        Err(e) => Outcome::unanswered(failed("no answer", &e).error),
    }
}
