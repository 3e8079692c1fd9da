//! What each service takes and says: a table of limits, the body of a message, signatures, answers.
//!
//! From the services' own documentation:
//! WeCom <https://developer.work.weixin.qq.com/document/path/91770> (4,096 bytes of Markdown, 20 messages a minute);
//! DingTalk <https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages> (20,000 bytes, 20 a minute, else none for ten minutes);
//! Feishu <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot> (20 KB a request, 100 a minute, 5 a second);
//! Slack <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>, <https://docs.slack.dev/apis/web-api/rate-limits>
//! (one a second; 3,000 characters a section, 50 blocks, 40,000 characters a message).

use super::{Fate, Outcome, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

/// Whose protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// 企业微信 group robot.
    WeCom,
    /// 钉钉 group robot.
    DingTalk,
    /// 飞书 group robot.
    Feishu,
    /// Slack incoming webhook.
    Slack,
    /// JSON to a program of one's own.
    Webhook,
    /// E-mail.
    Email,
}

/// What a service takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bytes of a message's text as it stands in JSON.
    pub bytes: usize,
    /// Messages a minute.
    pub per_minute: f64,
    /// How long a service that says "too many" is left alone, where it does not say how long.
    pub blocked: Duration,
}

/// A message, before it is the body of a request.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// Its headline, plain.
    pub title: String,
    /// Its text, in the service's markup.
    pub text: String,
    /// Whether it tells of something unusual.
    pub alert: bool,
    /// For programs: delivery, day, revision, digest.
    pub data: Value,
}

/// Characters of a section in Slack's messages, and sections of one.
const SECTION: usize = 2_900;

impl Service {
    /// All of them.
    pub const ALL: [Service; 6] = [Service::WeCom, Service::DingTalk, Service::Feishu, Service::Slack, Service::Webhook, Service::Email];

    /// Its name in settings.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Service::WeCom => "wecom",
            Service::DingTalk => "dingtalk",
            Service::Feishu => "feishu",
            Service::Slack => "slack",
            Service::Webhook => "webhook",
            Service::Email => "email",
        }
    }

    /// What it takes. Where a limit is on the whole request, room is left for what is around the text.
    #[must_use]
    pub fn limits(self) -> Limits {
        let (bytes, per_minute, blocked) = match self {
            Service::WeCom => (4_096, 20.0, 60),
            // One less than allowed: who is one above is blocked for ten minutes.
            Service::DingTalk => (18_000, 19.0, 600),
            Service::Feishu => (18_000, 100.0, 60),
            Service::Slack => (36_000, 60.0, 30),
            Service::Webhook => (18_000, 60.0, 30),
            Service::Email => (200_000, 30.0, 60),
        };
        Limits { bytes, per_minute, blocked: Duration::from_secs(blocked) }
    }

    /// The body of a request, which waits in the history; what depends on time and secrets is not yet in it.
    #[must_use]
    pub fn body(self, letter: &Letter) -> String {
        let (title, text) = (&letter.title, &letter.text);
        let body = match self {
            Service::WeCom => json!({"msgtype": "markdown", "markdown": {"content": text}}),
            Service::DingTalk => json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}, "at": {"isAtAll": false}}),
            Service::Feishu => json!({"msg_type": "interactive", "card": {
                "config": {"wide_screen_mode": true},
                "header": {"template": if letter.alert { "red" } else { "blue" }, "title": {"tag": "plain_text", "content": title}},
                "elements": [{"tag": "markdown", "content": text}],
            }}),
            Service::Slack => {
                let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
                json!({"text": slack_plain(title), "blocks": sections(text).into_iter().map(section).collect::<Vec<_>>(), "unfurl_links": false})
            }
            Service::Webhook => json!({"version": 1, "title": title, "text": text, "alert": letter.alert, "data": letter.data}),
            Service::Email => json!({"subject": title, "text": text}),
        };
        body.to_string()
    }

    /// The address and the body as they are sent now, signed where there is a secret.
    #[must_use]
    pub fn signed(self, url: &str, body: &str, sign: Option<&Secret>, now: i64) -> (String, String) {
        let Some(secret) = sign else { return (url.to_owned(), body.to_owned()) };
        match self {
            Service::DingTalk => {
                let millis = now * 1000;
                let signature = hmac(secret.reveal().as_bytes(), format!("{millis}\n{}", secret.reveal()).as_bytes());
                let joined = if url.contains('?') { '&' } else { '?' };
                (format!("{url}{joined}timestamp={millis}&sign={}", percent(&signature)), body.to_owned())
            }
            Service::Feishu => {
                // The key is what others would sign, and what is signed is nothing.
                let signature = hmac(format!("{now}\n{}", secret.reveal()).as_bytes(), b"");
                let mut all: Value = serde_json::from_str(body).unwrap_or_default();
                all["timestamp"] = now.to_string().into();
                all["sign"] = signature.into();
                (url.to_owned(), all.to_string())
            }
            Service::WeCom | Service::Slack | Service::Webhook | Service::Email => (url.to_owned(), body.to_owned()),
        }
    }

    /// What an answer means. `body` is `None` where it broke off.
    #[must_use]
    pub fn answer(self, status: u16, retry_after: Option<Duration>, body: Option<&str>) -> Outcome {
        let refused = |error: String, pause: Option<Duration>, lasting: bool| Outcome { fate: Fate::NotSent { pause, lasting }, error };
        let blocked = retry_after.or(Some(self.limits().blocked));
        match status {
            200..=299 => {}
            300..=399 => return refused(format!("answered {status}: it leads elsewhere, which is not followed; write the final address"), None, true),
            429 => return refused("answered 429: too many messages".to_owned(), blocked, false),
            408 | 425 | 500.. => return refused(format!("answered {status}"), retry_after, false),
            _ => return refused(format!("answered {status}: {}", body.unwrap_or_default()), None, true),
        }
        let (code, message): (&[&str], &[&str]) = match self {
            Service::WeCom | Service::DingTalk => (&["errcode"], &["errmsg"]),
            Service::Feishu => (&["code", "StatusCode"], &["msg", "StatusMessage"]),
            // Their status says all.
            Service::Slack | Service::Webhook | Service::Email => return Outcome::sent(),
        };
        let answer: Option<Value> = body.and_then(|b| serde_json::from_str(b).ok());
        let told = |names: &[&str]| names.iter().find_map(|name| answer.as_ref()?.get(*name).cloned());
        let Some(number) = told(code).and_then(|n| n.as_i64()) else {
            return Outcome::unanswered(format!("answered {status}, but not whether it took the message"));
        };
        let words = told(message).and_then(|m| m.as_str().map(str::to_owned)).unwrap_or_default();
        let error = format!("answered error {number}: {words}{}", self.advice(number));
        match number {
            0 => Outcome::sent(),
            _ if self.too_many().contains(&number) => refused(error, blocked, false),
            // The service itself is busy.
            -1 => refused(error, None, false),
            _ => refused(error, None, true),
        }
    }

    /// Codes for "too many messages".
    fn too_many(self) -> &'static [i64] {
        match self {
            Service::WeCom => &[45_009, 45_033],
            Service::DingTalk => &[130_101, 130_102, 90_030, 660_026],
            Service::Feishu => &[9_499, 11_232, 99_991_400],
            Service::Slack | Service::Webhook | Service::Email => &[],
        }
    }

    /// What to do about a code that people meet when they set a robot up.
    fn advice(self, code: i64) -> &'static str {
        match (self, code) {
            (Service::WeCom, 93_000) => "; the robot is gone, or its address is not whole: copy it again",
            (Service::DingTalk, 310_000) => {
                "; the robot's safety settings: give `secret_env` or `secret_file` for a signature, or allow the keyword 阿虎 and this machine's address"
            }
            (Service::DingTalk, 300_001) | (Service::Feishu, 19_001) => "; the robot is gone, or its address is not whole: copy it again",
            (Service::Feishu, 19_021) => "; the signature: compare `secret_env` or `secret_file` with the robot's, and this machine's clock",
            (Service::Feishu, 19_022) => "; the robot's safety settings do not allow this machine's address",
            (Service::Feishu, 19_024) => "; the robot's safety settings ask for a keyword: allow 阿虎",
            _ => "",
        }
    }
}

/// A signature in base64.
fn hmac(key: &[u8], message: &[u8]) -> String {
    let bytes = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(message).finalize().into_bytes());
    // A key of any length is one.
    bytes.map_or_else(|_| String::new(), |bytes| STANDARD.encode(bytes))
}

/// A signature as part of an address.
fn percent(text: &str) -> String {
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// A text without markup for Slack.
fn slack_plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A text in parts that Slack takes, each of whole lines.
fn sections(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.lines() {
        match all.last_mut().filter(|last| last.chars().count() + 1 + line.chars().count() <= SECTION) {
            Some(last) => {
                last.push('\n');
                last.push_str(line);
            }
            None => all.push(line.to_owned()),
        }
    }
    // An empty section is refused.
    all.retain(|section| !section.trim().is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_documentation() {
        // Reckoned with another program: `printf '…' | openssl dgst -sha256 -hmac … -binary | base64`.
        assert_eq!(hmac(b"key", b"The quick brown fox jumps over the lazy dog"), "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=");
        let secret = Secret::new("SECcanary");
        let (url, body) = Service::DingTalk.signed("https://oapi.dingtalk.com/robot/send?access_token=x", "{}", Some(&secret), 1_700_000_000);
        assert!(url.contains("&timestamp=1700000000000&sign=") && url.ends_with("%3D") && !url.contains("SECcanary"), "{url}");
        assert_eq!(body, "{}");
        let (_, body) = Service::Feishu.signed("https://open.feishu.cn/x", r#"{"msg_type":"interactive"}"#, Some(&secret), 1_700_000_000);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["timestamp"], "1700000000");
        assert_eq!(body["sign"], hmac(b"1700000000\nSECcanary", b""));
    }

    #[test]
    fn answers_of_200_may_be_failures() {
        let fate = |service: Service, body: &str| service.answer(200, None, Some(body)).fate;
        assert_eq!(fate(Service::WeCom, r#"{"errcode":0,"errmsg":"ok"}"#), Fate::Sent);
        assert_eq!(fate(Service::WeCom, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#), Fate::NotSent { pause: None, lasting: true });
        let minutes = |n: u64| Fate::NotSent { pause: Some(Duration::from_secs(n * 60)), lasting: false };
        assert_eq!(fate(Service::DingTalk, r#"{"errcode":130101,"errmsg":"send too fast"}"#), minutes(10));
        assert_eq!(fate(Service::Feishu, r#"{"code":11232,"msg":"frequency limited"}"#), minutes(1));
        assert_eq!(fate(Service::Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#), Fate::Sent);
        assert_eq!(fate(Service::Feishu, "<html>"), Fate::Unanswered);
        assert_eq!(Service::WeCom.answer(200, None, None).fate, Fate::Unanswered);
        assert_eq!(Service::Slack.answer(200, None, None).fate, Fate::Sent);
        let pause = Some(Duration::from_secs(7));
        assert_eq!(Service::Slack.answer(429, pause, Some("")).fate, Fate::NotSent { pause, lasting: false });
        assert_eq!(Service::Slack.answer(302, None, Some("")).fate, Fate::NotSent { pause: None, lasting: true });
    }

    #[test]
    fn sections_are_of_whole_lines() {
        let text = (0..400).map(|i| format!("{i} 活动 / 奖品未到账")).collect::<Vec<_>>().join("\n");
        let all = sections(&text);
        assert!(all.len() > 1 && all.len() <= 50 && all.iter().all(|s| s.chars().count() <= 3_000));
        assert_eq!(all.join("\n"), text);
    }
}
