//! Fills the placeholders of a text with what belongs to one incident.

use super::draw::Draw;
use super::organisation::{Language, Place, Requester, SERVICES};
use super::stories::Story;

/// What the placeholders stand for in one incident.
#[derive(Debug, Clone)]
pub(super) struct Words {
    place: &'static str,
    code: &'static str,
    name: &'static str,
    dear: &'static str,
    agent: String,
    system: &'static str,
    n: u32,
    m: u32,
    high: u32,
    policy: String,
    claim: String,
    device: String,
    line: String,
    extension: String,
}

impl Words {
    /// The words of an incident; somebody of the desk still has to work on it.
    pub(super) fn new(
        story: &Story,
        place: &'static Place,
        asking: Option<&'static Requester>,
        draw: &mut Draw,
    ) -> Self {
        let service = SERVICES.iter().find(|(code, _, _)| *code == story.service);
        let (place_name, system) = match story.language {
            Language::Chinese => (place.name_zh, service.map_or("系统", |s| s.1)),
            Language::English => (place.name_en, service.map_or("the system", |s| s.2)),
        };
        let code = place.code.to_uppercase();
        Self {
            place: place_name,
            code: place.code,
            name: asking.map_or("", |asking| asking.name),
            dear: asking.map_or("", |asking| asking.address),
            agent: String::new(),
            system,
            n: draw.number(2..=9),
            m: draw.number(12..=78),
            high: draw.number(86..=98),
            policy: format!(
                "LZPA{:04}{:08}",
                draw.number(1101..=5101),
                draw.number(0..=99_999_999)
            ),
            claim: format!(
                "LZCL{:04}{:07}",
                draw.number(1101..=5101),
                draw.number(0..=9_999_999)
            ),
            device: format!("{code}-{:04}", draw.number(1001..=3999)),
            line: format!("line-{}-{:02}", place.code, draw.number(1..=2)),
            extension: format!("{:04}", draw.number(100..=9_899)),
        }
    }

    /// Names who works on it from here on.
    pub(super) fn set_agent(&mut self, login: &str, name: &str, language: Language) {
        self.agent = match language {
            Language::Chinese => name.to_owned(),
            Language::English => in_latin_letters(login),
        };
    }

    /// The text with every placeholder filled.
    pub(super) fn fill(&self, template: &str) -> String {
        let numbers = [
            ("{n}", self.n.to_string()),
            ("{m}", self.m.to_string()),
            ("{high}", self.high.to_string()),
        ];
        let texts = [
            ("{place}", self.place),
            ("{code}", self.code),
            ("{name}", self.name),
            ("{dear}", self.dear),
            ("{agent}", &self.agent),
            ("{system}", self.system),
            ("{policy}", &self.policy),
            ("{claim}", &self.claim),
            ("{device}", &self.device),
            ("{line}", &self.line),
            ("{extension}", &self.extension),
        ];
        let numbers = numbers.iter().map(|(key, value)| (*key, value.as_str()));
        let mut filled = template.to_owned();
        for (key, value) in numbers.chain(texts) {
            if filled.contains(key) {
                filled = filled.replace(key, value);
            }
        }
        filled
    }
}

/// `chen.jing` as it is written in English: Chen Jing.
fn in_latin_letters(login: &str) -> String {
    let words = login.split('.').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}
