//! `[[delivery]]`: as written, then checked. What is secret comes from the environment or a file.

use ahu::deliver::mail::{Mail, Tls};
use ahu::deliver::{Secret, Service, Target, To};
use ahu::error::{Error, Result, nearest};
use ahu::pipeline::outgoing::Addressee;
use ahu::report::Lang;
use clap::ValueEnum;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a night's digests are sent.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// What it is called in messages; what was sent is remembered by it.
    pub name: String,
    /// wecom, dingtalk, feishu, slack, webhook, email.
    pub to: String,
    /// The address, where nothing in it is secret: for `webhook` alone.
    pub url: Option<String>,
    /// The environment variable, or the file, that holds the address.
    pub url_env: Option<String>,
    /// See `url_env`.
    pub url_file: Option<PathBuf>,
    /// The environment variable, or the file, that holds the secret which `DingTalk` and `Feishu` sign with.
    pub secret_env: Option<String>,
    /// See `secret_env`.
    pub secret_file: Option<PathBuf>,
    /// Only what this team owns.
    pub team: Option<String>,
    /// Only these products.
    pub products: Vec<String>,
    /// "always", or "alerts": only days with an alert that was not told the day before.
    pub when: Option<String>,
    /// Language of the message.
    pub lang: Option<String>,
    /// Days before the night that are still news.
    pub days: Option<i32>,
    /// Addresses within the own network may be connected to.
    pub allow_private: bool,
    /// Messages a minute.
    pub per_minute: Option<f64>,
    /// The first pause after a failure, in seconds; each is twice the one before.
    pub retry_seconds: Option<f64>,
    /// How long one request may take.
    pub timeout_seconds: Option<f64>,
    /// The mail server: host or host:port. Port 465 is encrypted from the first byte, others by STARTTLS.
    pub smtp: Option<String>,
    /// Who sends.
    pub from: Option<String>,
    /// Who receives.
    pub to_addresses: Vec<String>,
    /// The environment variable, or the file, that holds the name to log in with.
    pub user_env: Option<String>,
    /// See `user_env`.
    pub user_file: Option<PathBuf>,
    /// The environment variable, or the file, that holds the password.
    pub password_env: Option<String>,
    /// See `password_env`.
    pub password_file: Option<PathBuf>,
    /// The mail server may be spoken to without encryption.
    pub allow_plain: bool,
}

/// A delivery, checked: who gets what, and how it is sent.
pub struct Checked {
    pub to: Addressee,
    pub target: Target,
    /// Time between two messages, and the first pause after a failure.
    pub gap: Duration,
    pub retry: Duration,
    /// Where the address is from, for people.
    pub address: String,
    pub warnings: Vec<String>,
}

impl Delivery {
    /// Its files, to be made relative to the settings file.
    pub fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.url_file, &mut self.secret_file, &mut self.user_file, &mut self.password_file].into_iter().flatten()
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::setup(format!("[[delivery]] `{}`: {what}", self.name))
    }

    /// Checks all of it, and fetches what is secret.
    pub fn check(&self, lang: Lang) -> Result<Checked> {
        if self.name.trim().is_empty() || self.name.chars().count() > 80 || self.name.chars().any(char::is_control) {
            return Err(Error::setup(format!("[[delivery]]: expected a `name` of 1 to 80 characters, found {:?}", self.name)));
        }
        let codes = Service::ALL.map(Service::code);
        let service = Service::ALL.into_iter().find(|s| s.code() == self.to).ok_or_else(|| {
            let near = nearest(&self.to, codes).map_or(String::new(), |near| format!("; the nearest is `{near}`"));
            self.wrong(format!("`to`: expected one of {}, found `{}`{near}", codes.join(", "), self.to))
        })?;
        self.check_keys(service)?;
        let mut warnings = Vec::new();
        let (to, address) = if service == Service::Email { self.mail(&mut warnings)? } else { self.robot(service, &mut warnings)? };
        let alerts_only = match self.when.as_deref() {
            None | Some("always") => false,
            Some("alerts") => true,
            Some(other) => return Err(self.wrong(format!("`when`: expected always or alerts, found `{other}`"))),
        };
        let lang = self.lang.as_deref().map_or(Ok(lang), |name| {
            let known = super::super::summarize::LangArg::from_str(name, true).map(super::super::summarize::LangArg::lang);
            known.map_err(|_| self.wrong(format!("`lang`: expected zh, zh-Hant or en, found `{name}`")))
        })?;
        let per_minute = self.number("per_minute", self.per_minute, service.limits().per_minute, 0.01, 100_000.0)?;
        let seconds = |key, value, usual, least| self.number(key, value, usual, least, 600.0).map(Duration::from_secs_f64);
        Ok(Checked {
            to: Addressee {
                name: self.name.clone(),
                service,
                lang,
                team: self.team.clone(),
                products: self.products.clone(),
                alerts_only,
                days: self.number("days", self.days.map(f64::from), 3.0, 0.0, 3_660.0)? as i32,
            },
            gap: Duration::from_secs_f64(60.0 / per_minute),
            retry: seconds("retry_seconds", self.retry_seconds, 2.0, 0.0)?,
            target: Target {
                name: self.name.clone(),
                service,
                to,
                allow_private: self.allow_private,
                timeout: seconds("timeout_seconds", self.timeout_seconds, 10.0, 0.05)?,
            },
            address,
            warnings,
        })
    }

    fn number(&self, key: &str, value: Option<f64>, usual: f64, least: f64, most: f64) -> Result<f64> {
        let value = value.unwrap_or(usual);
        if (least..=most).contains(&value) { Ok(value) } else { Err(self.wrong(format!("`{key}`: expected a number from {least} to {most}, found {value}"))) }
    }

    /// Keys that mean nothing to the service were meant for something.
    fn check_keys(&self, service: Service) -> Result<()> {
        let mail = [
            ("smtp", self.smtp.is_some()),
            ("from", self.from.is_some()),
            ("to_addresses", !self.to_addresses.is_empty()),
            ("user_env", self.user_env.is_some()),
            ("user_file", self.user_file.is_some()),
            ("password_env", self.password_env.is_some()),
            ("password_file", self.password_file.is_some()),
            ("allow_plain", self.allow_plain),
        ];
        let robot = [("url", self.url.is_some()), ("url_env", self.url_env.is_some()), ("url_file", self.url_file.is_some())];
        let sign = [("secret_env", self.secret_env.is_some()), ("secret_file", self.secret_file.is_some())];
        let signs = matches!(service, Service::DingTalk | Service::Feishu);
        let foreign = match service {
            Service::Email => robot.iter().chain(&sign).find(|key| key.1),
            _ => mail.iter().find(|key| key.1).or_else(|| sign.iter().find(|key| key.1 && !signs)),
        };
        foreign.map_or(Ok(()), |(key, _)| Err(self.wrong(format!("`{key}` says nothing to `{}`; leave it away", service.code()))))
    }

    /// A secret from the environment or a file; the one named, not both.
    fn secret(&self, what: &str, env: Option<&String>, file: Option<&PathBuf>) -> Result<Option<Secret>> {
        let text = match (env, file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(self.wrong(format!("{what}: expected an environment variable or a file, found both"))),
            // What is in it may be secret even where it is no text.
            (Some(name), None) => std::env::var(name).map_err(|_| {
                self.wrong(format!("expected {what} in the environment variable `{name}`, found none; set it where `ahu run` starts, or keep {what} in a file"))
            })?,
            (None, Some(file)) => read_secret(file)?,
        };
        match text.trim() {
            "" => Err(self.wrong(format!("{what}: expected a text, found an empty one"))),
            text => Ok(Some(Secret::new(text))),
        }
    }

    fn robot(&self, service: Service, warnings: &mut Vec<String>) -> Result<(To, String)> {
        let secret = self.secret("the address", self.url_env.as_ref(), self.url_file.as_ref())?;
        let address =
            self.url_env.as_ref().map_or_else(|| self.url_file.as_ref().map_or("ahu.toml".to_owned(), |f| f.display().to_string()), |e| format!("${e}"));
        let url = match (secret, &self.url) {
            (Some(url), None) => url,
            (None, Some(url)) if service == Service::Webhook => {
                let warning =
                    format!("[[delivery]] `{}`: `url` stands in the settings for everybody to read; if anything in it is secret, use `url_env`", self.name);
                warnings.push(warning);
                Secret::new(url)
            }
            (None, Some(_)) => return Err(self.wrong("`url`: who has a robot's address may write to the group; it belongs into `url_env` or `url_file`")),
            (Some(_), Some(_)) => return Err(self.wrong("expected one address, found `url` and another")),
            (None, None) => return Err(self.wrong("expected an address: `url_env` names an environment variable, `url_file` a file")),
        };
        self.check_url(&url)?;
        let sign = self.secret("the signing secret", self.secret_env.as_ref(), self.secret_file.as_ref())?;
        Ok((To::Url { url, sign }, address))
    }

    /// What is wrong with an address is told without it.
    fn check_url(&self, url: &Secret) -> Result<()> {
        let text = url.reveal();
        let rest = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => rest,
            (None, Some(rest)) if self.allow_private => rest,
            (None, Some(_)) => {
                return Err(
                    self.wrong("the address begins with http://: expected https://; only within the own network (`allow_private = true`) it may be http")
                );
            }
            (None, None) => return Err(self.wrong("expected an address that begins with https://, found something else; copy all of it")),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') || text.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
            return Err(self.wrong("the address is none: expected https://host/path, without spaces, and without a name and password before the host"));
        }
        Ok(())
    }

    fn mail(&self, warnings: &mut Vec<String>) -> Result<(To, String)> {
        let smtp = self.smtp.as_deref().ok_or_else(|| self.wrong("expected the mail server as `smtp = \"host:port\"`, found none"))?;
        let (host, port) = match smtp.rsplit_once(':') {
            None => (smtp, 465),
            Some((host, port)) => (host, port.parse().map_err(|_| self.wrong(format!("`smtp`: expected host:port, found `{smtp}`")))?),
        };
        if host.is_empty() || host.contains(['/', '@', ' ', ':']) {
            return Err(self.wrong(format!("`smtp`: expected host:port, found `{smtp}`")));
        }
        let tls = match (self.allow_plain, port) {
            (true, _) => Tls::Plain,
            (false, 465) => Tls::Whole,
            (false, _) => Tls::Start,
        };
        let address = |key: &str, text: &str| text.parse().map_err(|_| self.wrong(format!("`{key}`: expected an e-mail address, found `{text}`")));
        let from = self.from.as_deref().ok_or_else(|| self.wrong("expected the sender as `from = \"ahu@example.com\"`, found none"))?;
        let to = self.to_addresses.iter().map(|to| address("to_addresses", to)).collect::<Result<Vec<_>>>()?;
        if to.is_empty() {
            return Err(self.wrong("expected receivers as `to_addresses = [\"ops@example.com\"]`, found none"));
        }
        let user = self.secret("the user", self.user_env.as_ref(), self.user_file.as_ref())?;
        let password = self.secret("the password", self.password_env.as_ref(), self.password_file.as_ref())?;
        if user.is_some() != password.is_some() {
            return Err(self.wrong("expected a user and a password, or neither, found one of them"));
        }
        if tls == Tls::Plain && password.is_some() {
            warnings.push(format!("[[delivery]] `{}`: `allow_plain`: the password goes over the network for everybody there to read", self.name));
        }
        let mail = Mail { host: host.to_owned(), port, tls, from: address("from", from)?, to, user, password };
        Ok((To::Mail(mail), smtp.to_owned()))
    }
}

/// Most bytes of a file that holds a secret.
const MOST_SECRET: u64 = 64 * 1024;

fn read_secret(file: &Path) -> Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|f| f.take(MOST_SECRET).read_to_string(&mut text));
    read.map_err(|e| Error::setup(format!("cannot read `{}`, which holds a secret: {}", file.display(), e.kind())))?;
    Ok(text)
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `url` may hold what should not be there.
        f.debug_struct("Delivery").field("name", &self.name).field("to", &self.to).finish_non_exhaustive()
    }
}
