//! The tokens of a page, handed to a [`Page`] as they come: of tags only what a table needs is kept, so that no tag, comment
//! or text takes memory by its length.

use super::{Page, Use};
use html5gum::{Emitter, Error, State, naive_next_state};

/// Most bytes of a tag's or attribute's name.
const MAX_NAME: usize = 32;
/// Most bytes of an attribute's value.
const MAX_VALUE: usize = 200;
/// The attributes that tell something.
const TELLING: [&str; 4] = ["colspan", "rowspan", "type", "src"];

/// A tag with those of its attributes that tell something.
#[derive(Default)]
pub struct Tag {
    name: Vec<u8>,
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where it is, give or take a byte.
    pub from: u64,
    ends: bool,
    closes_itself: bool,
}

impl Tag {
    /// Its name, in lower case.
    pub fn name(&self) -> &str {
        std::str::from_utf8(&self.name).unwrap_or_default()
    }

    /// An attribute's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(n, _)| n == name.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    /// An attribute's value, a number; one that is too great for a number is a great one.
    pub fn number(&self, name: &str) -> Option<usize> {
        let digits: String = self.value(name)?.trim_start().chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(usize::MAX)) }
    }
}

/// What the characters are that come now.
#[derive(PartialEq, Eq)]
enum Inside {
    Text,
    Title,
    /// Of a script or the like.
    Nothing,
}

/// Tells `page` what comes, and gives it back when it has enough or all was read.
pub(super) struct Tokens<U> {
    page: Option<Page<U>>,
    tag: Tag,
    last_start: Vec<u8>,
    inside: Inside,
    ended: bool,
}

impl<U> Tokens<U> {
    pub fn new(page: Page<U>) -> Self {
        Tokens { page: Some(page), tag: Tag::default(), last_start: Vec::new(), inside: Inside::Text, ended: false }
    }
}

fn push(to: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let free = most.saturating_sub(to.len());
    to.extend_from_slice(bytes.get(..free).unwrap_or(bytes));
}

impl<U: Use> Emitter for Tokens<U> {
    type Token = Page<U>;

    fn pop_token(&mut self) -> Option<Page<U>> {
        let enough = self.ended || self.page.as_ref().is_some_and(|p| p.of.has_enough());
        if enough { self.page.take() } else { None }
    }

    fn move_position(&mut self, offset: isize) {
        if let (Some(page), Ok(offset)) = (&mut self.page, i64::try_from(offset)) {
            page.read = page.read.saturating_add_signed(offset);
        }
    }

    fn emit_string(&mut self, bytes: &[u8]) {
        let Some(page) = &mut self.page else { return };
        match self.inside {
            Inside::Text if page.in_wanted_cell() => page.text.push(bytes),
            Inside::Title => page.of.title(&String::from_utf8_lossy(bytes)),
            Inside::Text | Inside::Nothing => {}
        }
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let page = self.page.as_mut()?;
        if self.tag.ends {
            self.inside = Inside::Text;
            page.end(self.tag.name());
            return None;
        }
        self.last_start.clone_from(&self.tag.name);
        page.start(&self.tag);
        // XHTML may close them at once, and all that follows would be theirs.
        let next = naive_next_state(&self.tag.name).filter(|_| !self.tag.closes_itself);
        if next.is_some() {
            self.inside = match self.tag.name() {
                "title" => Inside::Title,
                "textarea" | "xmp" | "plaintext" => Inside::Text,
                _ => Inside::Nothing,
            };
        }
        next
    }

    fn emit_eof(&mut self) {
        self.ended = true;
        if let Some(page) = &mut self.page {
            page.finish(true);
        }
    }

    fn init_start_tag(&mut self) {
        let from = self.page.as_ref().map_or(0, |p| p.read.saturating_sub(1));
        self.tag = Tag { from, ..Tag::default() };
    }

    fn init_end_tag(&mut self) {
        self.tag = Tag { ends: true, ..Tag::default() };
    }

    fn set_self_closing(&mut self) {
        self.tag.closes_itself = true;
    }

    fn push_tag_name(&mut self, s: &[u8]) {
        push(&mut self.tag.name, s, MAX_NAME);
    }

    fn init_attribute(&mut self) {
        // The last one stays only if it tells something.
        let tells = self.tag.attributes.last().is_some_and(|(name, _)| TELLING.iter().any(|t| t.as_bytes() == name));
        if !tells || self.tag.attributes.len() > 2 * TELLING.len() {
            self.tag.attributes.pop();
        }
        self.tag.attributes.push((Vec::new(), Vec::new()));
    }

    fn push_attribute_name(&mut self, s: &[u8]) {
        if let Some((name, _)) = self.tag.attributes.last_mut() {
            push(name, s, MAX_NAME);
        }
    }

    fn push_attribute_value(&mut self, s: &[u8]) {
        if let Some((_, value)) = self.tag.attributes.last_mut() {
            push(value, s, MAX_VALUE);
        }
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start = name.unwrap_or_default().to_vec();
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag.ends && !self.last_start.is_empty() && self.tag.name == self.last_start
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn emit_current_comment(&mut self) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn emit_current_doctype(&mut self) {}
}
