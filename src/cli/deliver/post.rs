//! What waits, sent: one message after the other, each noted before and after, within the time that a run has.

use super::super::config::Settings;
use super::super::output;
use super::settings::Checked;
use ahu::deliver::schedule::{Schedule, Waiting};
use ahu::deliver::{Fate, Parcel};
use ahu::error::{Error, Result, nearest};
use ahu::history::{Due, History, Noted};
use ahu::pipeline::outgoing::Addressee;
use ahu::pipeline::teams;
use ahu::report::{Lang, harmless};
use ahu::taxonomy::Taxonomy;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::time::{Duration, Instant};

/// The deliveries of the settings.
#[derive(Default)]
pub struct Post {
    all: Vec<Checked>,
    budget: Duration,
}

/// What became of what waited.
#[derive(Default)]
pub struct Delivered {
    pub sent: u64,
    /// Still waiting, by delivery: how many, and what went wrong the last time.
    pub waiting: BTreeMap<String, (u64, String)>,
    /// Given up in this run, because nobody knows whether they arrived: delivery and day.
    pub unsure: Vec<String>,
}

impl Post {
    /// Checks the settings, and fetches what is secret from where they say.
    pub fn of(settings: &Settings, lang: Lang) -> Result<Post> {
        let mut all: Vec<Checked> = Vec::new();
        for delivery in &settings.delivery {
            let checked = delivery.check(lang)?;
            if all.iter().any(|other| other.to.name == checked.to.name) {
                return Err(Error::setup(format!("[[delivery]] `{}`: expected a name of its own, found it twice", checked.to.name)));
            }
            all.push(checked);
        }
        let seconds = settings.run.as_ref().map_or(0, |run| run.deliver_seconds);
        all.iter().flat_map(|c| &c.warnings).for_each(|warning| output::complain(&format!("warning: {warning}")));
        Ok(Post { all, budget: Duration::from_secs(seconds) })
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn addressees(&self) -> Vec<Addressee> {
        self.all.iter().map(|c| c.to.clone()).collect()
    }

    /// Teams that a delivery is for must be some that own something.
    pub fn check_teams(&self, taxonomy: &Taxonomy) -> Result<()> {
        let known = if self.is_empty() { Default::default() } else { teams::all(taxonomy) };
        for to in self.all.iter().map(|c| &c.to) {
            if let Some(team) = to.team.as_ref().filter(|team| !known.contains(*team)) {
                let near = nearest(team, known.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
                return Err(Error::setup(format!("[[delivery]] `{}`: no cause or product has the team `{team}`{near}", to.name)));
            }
        }
        Ok(())
    }

    /// A line a delivery: what is sent to whom, and from where its address is.
    pub fn describe(&self) -> String {
        let describe = |c: &Checked| {
            let to = &c.to;
            let part = to.team.as_ref().map_or("the whole digest".to_owned(), |team| format!("the part of the team `{team}`"));
            let products = if to.products.is_empty() { String::new() } else { format!(", of {}", to.products.join(", ")) };
            let when = if to.alerts_only { "on days with new alerts" } else { "every day" };
            format!("delivery `{}`: {} gets {part}{products}, {when}, up to {} days late; address from {}\n", to.name, to.service.code(), to.days, c.address)
        };
        self.all.iter().map(describe).collect()
    }

    /// Sends what waits in the history, as far as its digests are in their places.
    pub fn send(&self, history: &Path) -> Result<Delivered> {
        let mut delivered = Delivered::default();
        if self.is_empty() || !history.exists() {
            return Ok(delivered);
        }
        let mut history = History::open(history)?;
        let begun = Instant::now();
        let (due, lost): (Vec<Due>, Vec<Due>) = history.due()?.into_iter().partition(|due| self.find(&due.owed.name).is_some());
        let work: Vec<(Due, &Checked)> = due.into_iter().filter_map(|due| self.find(&due.owed.name).map(|c| (due, c))).collect();
        let tried = history.last_tried()?;
        let waiting = work.iter().map(|(due, c)| Waiting { lane: c.target.lane(), gap: c.gap, retry: c.retry, unanswered: due.unanswered }).collect();
        let mut schedule = Schedule::new(waiting, self.budget, |w| {
            // Another run may have sent to the same robot a moment ago.
            let last = self.all.iter().filter(|c| c.target.lane() == w.lane).filter_map(|c| tried.get(&c.to.name)?.parse::<Timestamp>().ok()).max();
            let since = last.and_then(|last| Duration::try_from(Timestamp::now().duration_since(last)).ok());
            since.map_or(Duration::ZERO, |since| w.gap.saturating_sub(since))
        });
        let mut state: Vec<Option<String>> = vec![Some(String::new()); work.len()];
        while let Some((place, at)) = schedule.next() {
            let (due, c) = &work[place];
            std::thread::sleep(at.saturating_sub(begun.elapsed()));
            history.sending(due.number, &Timestamp::now().to_string())?;
            let outcome = c.target.send(Parcel { key: &due.owed.key, body: &due.owed.body }, Timestamp::now().as_second());
            let noted = match outcome.fate {
                Fate::Sent => Noted::Sent,
                Fate::NotSent { .. } => Noted::NotSent,
                Fate::Unanswered => Noted::Unanswered,
            };
            history.noted(due.number, noted, &outcome.error, &Timestamp::now().to_string())?;
            schedule.note(place, begun.elapsed(), &outcome.fate, chance());
            state[place] = (outcome.fate != Fate::Sent).then_some(outcome.error);
        }
        delivered.sent = state.iter().filter(|s| s.is_none()).count() as u64;
        let unsure = history.unsure(&work.iter().map(|w| w.0.number).collect::<Vec<_>>())?;
        for ((due, _), error) in work.iter().zip(state).filter_map(|(w, s)| s.map(|s| (w, s))) {
            if unsure.contains(&due.number) {
                delivered.unsure.push(format!("`{}` {}: {error}", due.owed.name, due.owed.day));
            } else {
                let of = delivered.waiting.entry(due.owed.name.clone()).or_default();
                of.0 += 1;
                if !error.is_empty() {
                    of.1 = error;
                }
            }
        }
        for due in lost {
            let of = delivered.waiting.entry(due.owed.name).or_default();
            *of = (of.0 + 1, "the settings have no delivery of this name; name it so, or give it up with `ahu deliver --drop NAME`".to_owned());
        }
        for killed in history.given_up()? {
            delivered.unsure.push(format!("`{}` {}: a run was ended while it was being sent", killed.0, killed.1));
        }
        Ok(delivered)
    }

    fn find(&self, name: &str) -> Option<&Checked> {
        self.all.iter().find(|c| c.to.name == name)
    }
}

/// A number from 0 to 1 that nobody foresees.
fn chance() -> f64 {
    (std::hash::RandomState::new().build_hasher().finish() >> 11) as f64 / (1u64 << 53) as f64
}

impl Delivered {
    /// Whether all that was to be sent has been.
    pub fn all_well(&self) -> bool {
        self.waiting.is_empty() && self.unsure.is_empty()
    }

    /// 74 where something was to be sent and was not: all else has been done by then.
    pub fn exit_code(&self) -> u8 {
        if self.all_well() { 0 } else { 74 }
    }

    pub fn waiting(&self) -> u64 {
        self.waiting.values().map(|w| w.0).sum()
    }

    /// What went wrong, a line each.
    pub fn problems(&self) -> Vec<String> {
        let waits = |(name, (count, error)): (&String, &(u64, String))| {
            let why = if error.is_empty() { "it was not tried: there was no time left, or its address refused another message" } else { error };
            format!("delivery `{name}`: {count} not sent, the next run tries again: {why}")
        };
        let unsure = self.unsure.iter().map(|which| format!("delivery {which}; it may have arrived, and is not sent again"));
        self.waiting.iter().map(waits).chain(unsure).map(|line| harmless(&line)).collect()
    }

    pub fn tell(&self) {
        self.problems().iter().for_each(|line| output::complain(line));
    }

    pub fn line(&self, lang: Lang) -> String {
        let (sent, waiting) = (self.sent, self.waiting());
        match lang {
            Lang::Zh => format!("送出 {sent} 条消息，{waiting} 条待发"),
            Lang::ZhHant => format!("送出 {sent} 則訊息，{waiting} 則待發"),
            Lang::En => format!("{sent} messages sent, {waiting} waiting"),
        }
    }
}
