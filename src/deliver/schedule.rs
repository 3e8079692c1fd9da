//! When each message may be sent: within the service's pace, later after each failure, and within the time that a run has. Pure: it is told
//! the time, and does not sleep.

use super::Fate;
use std::collections::HashMap;
use std::time::Duration;

/// Most requests for one message in one run.
pub const MOST_TRIES: u32 = 4;
/// Most requests without an answer for one message, over all runs: who has none of two may have had the message twice.
pub const MOST_UNANSWERED: u32 = 2;
/// Longest pause that is made of ourselves.
const LONGEST: Duration = Duration::from_secs(60);

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What counts together: a robot, a server.
    pub lane: String,
    /// Time between two requests of a lane.
    pub gap: Duration,
    /// The first pause after a failure; each is twice the one before.
    pub retry: Duration,
    /// Requests that got no answer, in earlier runs.
    pub unanswered: u32,
}

#[derive(Debug)]
struct Item {
    waiting: Waiting,
    ready: Duration,
    tries: u32,
    unanswered: u32,
    done: bool,
}

/// The messages of a run.
#[derive(Debug)]
pub struct Schedule {
    items: Vec<Item>,
    /// When a lane is free again; `None` where no more is asked of it in this run.
    lanes: HashMap<String, Option<Duration>>,
    budget: Duration,
}

impl Schedule {
    /// Times count from the beginning of the sending. `free` tells how long each lane must still be left alone after earlier runs.
    #[must_use]
    pub fn new(waiting: Vec<Waiting>, budget: Duration, free: impl Fn(&Waiting) -> Duration) -> Schedule {
        let lanes = waiting.iter().map(|w| (w.lane.clone(), Some(free(w)))).collect();
        let item = |waiting: Waiting| Item { unanswered: waiting.unanswered, waiting, ready: Duration::ZERO, tries: 0, done: false };
        Schedule { items: waiting.into_iter().map(item).collect(), lanes, budget }
    }

    /// The next message to be sent, by its place, and when; `None` when there is nothing more to do within the time.
    #[must_use]
    pub fn next(&self) -> Option<(usize, Duration)> {
        let at = |item: &Item| self.lanes.get(&item.waiting.lane).copied().flatten().map(|free| free.max(item.ready));
        let open = self.items.iter().enumerate().filter(|(_, item)| !item.done).filter_map(|(i, item)| at(item).map(|at| (i, at)));
        // Of those that may be sent at one time the first.
        open.min_by_key(|(i, at)| (*at, *i)).filter(|(_, at)| *at <= self.budget)
    }

    /// Notes what became of a request for the message at `place`. `chance` is from 0 to 1: machines that failed together come back apart.
    pub fn note(&mut self, place: usize, now: Duration, fate: &Fate, chance: f64) {
        let Some(item) = self.items.get_mut(place) else { return };
        item.tries += 1;
        let gap = item.waiting.gap;
        let lane = self.lanes.entry(item.waiting.lane.clone()).or_default();
        *lane = Some(now.saturating_add(gap));
        match fate {
            Fate::Sent => item.done = true,
            Fate::NotSent { lasting: true, .. } => *lane = None,
            Fate::NotSent { pause, lasting: false } => {
                let own = backoff(item.waiting.retry, item.tries, chance);
                // Who asks to be left alone is left alone by all messages.
                if let Some(pause) = pause {
                    *lane = Some(now.saturating_add(gap.max(*pause)));
                }
                item.ready = now.saturating_add(own.max(pause.unwrap_or_default()));
                item.done = item.tries >= MOST_TRIES;
            }
            Fate::Unanswered => {
                item.unanswered += 1;
                item.ready = now.saturating_add(backoff(item.waiting.retry, item.tries, chance));
                item.done = item.unanswered >= MOST_UNANSWERED || item.tries >= MOST_TRIES;
            }
        }
    }
}

/// How long to wait after so many failures.
fn backoff(first: Duration, failures: u32, chance: f64) -> Duration {
    let whole = first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST);
    whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(lane: &str) -> Waiting {
        Waiting { lane: lane.to_owned(), gap: Duration::from_secs(3), retry: Duration::from_secs(2), unanswered: 0 }
    }

    const FAILED: Fate = Fate::NotSent { pause: None, lasting: false };

    /// Runs a schedule with a clock of its own; gives when each was asked for.
    fn lived(mut schedule: Schedule, mut fate: impl FnMut(usize) -> Fate) -> Vec<(usize, u64)> {
        let mut asked = Vec::new();
        while let Some((place, at)) = schedule.next() {
            asked.push((place, at.as_secs()));
            schedule.note(place, at, &fate(place), 1.0);
        }
        asked
    }

    #[test]
    fn messages_keep_the_pace_of_each_lane() {
        let all = ["a", "b", "a", "a"].map(waiting).to_vec();
        let schedule = Schedule::new(all, Duration::from_secs(120), |_| Duration::ZERO);
        assert_eq!(lived(schedule, |_| Fate::Sent), [(0, 0), (1, 0), (2, 3), (3, 6)]);
        let late = Schedule::new(vec![waiting("a")], Duration::from_secs(120), |_| Duration::from_secs(2));
        assert_eq!(lived(late, |_| Fate::Sent), [(0, 2)]);
    }

    #[test]
    fn failures_wait_longer_and_longer_and_end() {
        let schedule = Schedule::new(vec![waiting("a")], Duration::from_secs(120), |_| Duration::ZERO);
        assert_eq!(lived(schedule, |_| FAILED), [(0, 0), (0, 3), (0, 7), (0, 15)]);
        let short = Schedule::new(vec![waiting("a")], Duration::from_secs(5), |_| Duration::ZERO);
        assert_eq!(lived(short, |_| FAILED), [(0, 0), (0, 3)]);
    }

    #[test]
    fn nobody_is_asked_who_asked_not_to_be() {
        let all = vec![waiting("a"), waiting("a")];
        let pause = Fate::NotSent { pause: Some(Duration::from_secs(30)), lasting: false };
        let mut first = true;
        let asked = lived(Schedule::new(all.clone(), Duration::from_secs(120), |_| Duration::ZERO), |_| {
            if std::mem::take(&mut first) { pause.clone() } else { Fate::Sent }
        });
        assert_eq!(asked, [(0, 0), (0, 30), (1, 33)]);
        // A wrong key is wrong for all messages of the robot.
        let wrong = Fate::NotSent { pause: None, lasting: true };
        assert_eq!(lived(Schedule::new(all, Duration::from_secs(120), |_| Duration::ZERO), |_| wrong.clone()), [(0, 0)]);
    }

    #[test]
    fn two_requests_without_an_answer_are_the_last() {
        let schedule = Schedule::new(vec![waiting("a")], Duration::from_secs(120), |_| Duration::ZERO);
        assert_eq!(lived(schedule, |_| Fate::Unanswered).len(), 2);
        let once = Schedule::new(vec![Waiting { unanswered: 1, ..waiting("a") }], Duration::from_secs(120), |_| Duration::ZERO);
        assert_eq!(lived(once, |_| Fate::Unanswered).len(), 1);
    }
}
