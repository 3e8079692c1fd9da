//! What a night owes to whom: the messages of the days that it has changed, made ready to wait in the history.

use super::period;
use super::summary;
use super::teams::Owners;
use crate::alert::State;
use crate::deliver::Service;
use crate::deliver::service::Letter;
use crate::digest::Digest;
use crate::error::Result;
use crate::history::{Owed, Writing};
use crate::report::chat::{self, Markup};
use crate::report::{self, Lang};
use crate::taxonomy::Taxonomy;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Who gets what.
#[derive(Debug, Clone)]
pub struct Addressee {
    /// The delivery's name.
    pub name: String,
    /// Whose limits and markup.
    pub service: Service,
    /// Language of the message.
    pub lang: Lang,
    /// Only what this team owns.
    pub team: Option<String>,
    /// Only these products; empty: all.
    pub products: Vec<String>,
    /// Only days with an alert that was not told the day before.
    pub alerts_only: bool,
    /// Days before the night that are still news.
    pub days: i32,
}

/// Bytes of a digest that a program is sent; it can read a larger one in its folder.
const MOST_DATA: usize = 1 << 20;
/// Characters of a key: half a hash.
const KEY: usize = 32;

/// Writes down the messages of a day, and gives the names of the deliveries that have one more.
///
/// # Errors
/// What SQLite gives.
pub fn owe(writing: &mut Writing<'_>, (day, night): (Date, Date), digest: &Digest, to: &[Addressee], taxonomy: &Taxonomy, now: &str) -> Result<Vec<String>> {
    let news = |a: &&Addressee| day >= night.saturating_sub(a.days.days());
    let to: Vec<&Addressee> = to.iter().filter(news).collect();
    if to.is_empty() || digest.accounting.rows == 0 {
        return Ok(Vec::new());
    }
    let mut digest = digest.clone();
    // How each agent served is the desk's own to read.
    digest.agents.clear();
    if let Some(before) = period::counted(writing, taxonomy, day.saturating_sub(1.days()))? {
        digest.hold_against(&before, None, &summary::key);
    }
    let owners = Owners::new(&digest, taxonomy);
    let revision = digest.revision.as_ref().map_or(0, |r| r.number);
    let mut names = Vec::new();
    for addressee in to {
        let Some(part) = part(&digest, addressee, &owners) else { continue };
        let nothing_theirs = part.revision.as_ref().is_some_and(|r| r.changed.is_empty());
        match writing.told(&addressee.name, day)? {
            // Which ids stand behind a count may change without news; and what changed may be others'.
            Some(told) if told >= revision || nothing_theirs => continue,
            _ => {}
        }
        let body = addressee.service.body(&letter(&part, addressee, revision));
        let key = key(&[&addressee.name, &day.to_string(), &revision.to_string(), &body]);
        if writing.owe(&Owed { key, name: addressee.name.clone(), day, revision, body }, now)? {
            names.push(addressee.name.clone());
        }
    }
    Ok(names)
}

/// What the same message is told by.
fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(KEY).collect()
}

/// The part of a digest that is theirs; `None` where there is nothing to say.
fn part(digest: &Digest, to: &Addressee, owners: &Owners) -> Option<Digest> {
    let mut part = digest.clone();
    if let Some(team) = &to.team {
        part = part.of_team(team, &|product, cause| owners.of(product, cause));
    }
    if !to.products.is_empty() {
        let wanted: Vec<String> = to.products.iter().map(|p| summary::key(p)).collect();
        part = part.of_products(&|product| wanted.contains(&summary::key(product)));
    }
    let told = !to.alerts_only || part.alerts.iter().any(|a| a.state != State::Ongoing);
    (part.accounting.rows > 0 && told).then_some(part)
}

fn letter(part: &Digest, to: &Addressee, revision: u32) -> Letter {
    let markup = match to.service {
        Service::WeCom => Markup::WeCom,
        Service::DingTalk => Markup::DingTalk,
        Service::Feishu => Markup::Feishu,
        Service::Slack => Markup::Slack,
        Service::Webhook | Service::Email => Markup::Plain,
    };
    let bytes = to.service.limits().bytes;
    let message = chat::message(part, chat::Options { lang: to.lang, markup, bytes, team: to.team.as_deref() });
    let mut letter = Letter { title: message.title, text: message.text, alert: message.alert, data: json!(null) };
    match to.service {
        Service::Email => {
            let counted: Vec<String> = ["complaint", "inquiry"].iter().map(|kind| to.lang.counted(kind, part.total(kind))).collect();
            letter.title = format!("{}{}{}", letter.title, to.lang.colon(), counted.join(to.lang.comma()));
            letter.text = whole_lines(&report::text::render(part, report::Options::plain(to.lang)), bytes);
        }
        Service::Webhook => {
            let small = serde_json::to_string(part).is_ok_and(|text| text.len() <= MOST_DATA);
            letter.data = json!({
                "delivery": to.name, "day": part.as_of, "revision": revision, "team": to.team, "alerts": part.alerts,
                "digest": if small { json!(part) } else { json!(null) },
            });
        }
        _ => {}
    }
    letter
}

/// The lines that fit.
fn whole_lines(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut out = String::new();
    for line in text.lines() {
        if out.len() + line.len() + "\n…\n".len() > bytes {
            out.push_str("…\n");
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
