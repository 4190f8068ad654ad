//! Which language a text seems to be in. Script first, then characters that only one language
//! has, then n-grams; only the candidates are considered. Source: engines I.

use crate::protected::spans;
use unicode_script::{Script, UnicodeScript};
use whatlang::{Detector, Lang};

/// Texts with fewer letters say nothing.
const LETTERS_LEAST: usize = 3;
/// With fewer Latin letters, n-grams are a guess.
const LATIN_SURE: usize = 20;

/// What a text seems to be in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// The catalogue's code; none if it cannot be told.
    pub language: Option<String>,
    /// From 0 to 1.
    pub confidence: f32,
    /// The next best, where there is one.
    pub second: Option<String>,
}

impl Detection {
    fn sure(code: &str, confidence: f32) -> Self {
        Self { language: Some(code.to_owned()), confidence, second: None }
    }
}

/// Detects the language among the candidates, which are codes of the catalogue.
pub fn detect(text: &str, candidates: &[&str]) -> Detection {
    let bare = without_protected(text);
    let shares = Shares::of(&bare);
    if shares.letters < LETTERS_LEAST {
        return Detection::default();
    }
    let found = by_script(&bare, &shares);
    match &found.language {
        Some(code) if candidates.contains(&code.as_str()) => found,
        Some(_) => Detection::default(),
        None => found,
    }
}

fn without_protected(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans(text) {
        bare.push_str(&text[at..span.start]);
        bare.push(' ');
        at = span.end;
    }
    bare.push_str(&text[at..]);
    bare
}

/// How many letters of which script.
#[derive(Default)]
struct Shares {
    letters: usize,
    kana: usize,
    han: usize,
    hangul: usize,
    latin: usize,
    cyrillic: usize,
    arabic: usize,
    greek: usize,
    hebrew: usize,
    thai: usize,
    devanagari: usize,
}

impl Shares {
    fn of(text: &str) -> Self {
        let mut shares = Self::default();
        for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
            shares.letters += 1;
            let count = match letter.script() {
                Script::Hiragana | Script::Katakana => &mut shares.kana,
                Script::Han => &mut shares.han,
                Script::Hangul => &mut shares.hangul,
                Script::Latin => &mut shares.latin,
                Script::Cyrillic => &mut shares.cyrillic,
                Script::Arabic => &mut shares.arabic,
                Script::Greek => &mut shares.greek,
                Script::Hebrew => &mut shares.hebrew,
                Script::Thai => &mut shares.thai,
                Script::Devanagari => &mut shares.devanagari,
                _ => continue,
            };
            *count += 1;
        }
        shares
    }

    /// True if so many are at least this percentage of all letters.
    fn reaches(&self, count: usize, percent: usize) -> bool {
        count * 100 >= self.letters * percent
    }
}

fn by_script(text: &str, shares: &Shares) -> Detection {
    if shares.reaches(shares.kana, 5) && shares.reaches(shares.han + shares.kana, 50) {
        return Detection::sure("ja", 1.0);
    }
    if shares.reaches(shares.hangul, 30) {
        return Detection::sure("ko", 1.0);
    }
    if shares.reaches(shares.han, 50) {
        return chinese(text);
    }
    let single =
        [(shares.thai, "th"), (shares.hebrew, "he"), (shares.devanagari, "hi"), (shares.greek, "el")];
    if let Some((_, code)) = single.into_iter().find(|(count, _)| shares.reaches(*count, 50)) {
        return Detection::sure(code, 1.0);
    }
    if shares.reaches(shares.arabic, 50) {
        return arabic(text, shares);
    }
    if shares.reaches(shares.cyrillic, 50) {
        return cyrillic(text);
    }
    if shares.reaches(shares.latin, 50) { latin(text, shares) } else { Detection::default() }
}

/// Frequent characters that only one form of Chinese has, and Japanese has not.
const SIMPLIFIED: &str =
    "这们说个时对为还没让么样应发经过动问现实开关进种头气电车东长业书见话语让给认识请谢习";
const TRADITIONAL: &str = "這們說對還讓麼樣應發經過動問現實開關進種頭氣電車長業書見話語給認識請謝習爾妳裡夠";

fn chinese(text: &str) -> Detection {
    // What both lists hold, and what Japanese writes too, decides nothing.
    let only =
        |own: &str, other: &str| text.chars().filter(|c| own.contains(*c) && !other.contains(*c)).count();
    let (simplified, traditional) = (only(SIMPLIFIED, TRADITIONAL), only(TRADITIONAL, SIMPLIFIED));
    let code = if traditional > simplified { "zh-tw" } else { "zh" };
    Detection::sure(code, if simplified == traditional { 0.6 } else { 1.0 })
}

/// Letters that Persian and Urdu have and Arabic has not.
const NOT_ARABIC: &str = "پچژگکی";

fn arabic(text: &str, shares: &Shares) -> Detection {
    let foreign = text.chars().filter(|letter| NOT_ARABIC.contains(*letter)).count();
    if shares.reaches(foreign, 2) { Detection::default() } else { Detection::sure("ar", 1.0) }
}

fn cyrillic(text: &str) -> Detection {
    let has =
        |letters: &str| text.chars().any(|letter| letter.to_lowercase().any(|small| letters.contains(small)));
    for (letters, code) in [("іїєґ", "uk"), ("јљњћђџ", "sr"), ("ыэё", "ru")] {
        if has(letters) {
            return Detection::sure(code, 0.95);
        }
    }
    n_grams(text, CYRILLIC)
}

fn latin(text: &str, shares: &Shares) -> Detection {
    let mut found = n_grams(text, LATIN);
    if shares.latin < LATIN_SURE {
        found.confidence = found.confidence.min(0.5);
    }
    found
}

/// A library's language and the catalogue's code.
type Known = (Lang, &'static str);

const CYRILLIC: &[Known] = &[(Lang::Rus, "ru"), (Lang::Bul, "bg"), (Lang::Ukr, "uk"), (Lang::Srp, "sr")];

const LATIN: &[Known] = &[
    (Lang::Eng, "en"),
    (Lang::Deu, "de"),
    (Lang::Fra, "fr"),
    (Lang::Spa, "es"),
    (Lang::Por, "pt-br"),
    (Lang::Ita, "it"),
    (Lang::Nld, "nl"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Dan, "da"),
    (Lang::Fin, "fi"),
    (Lang::Hun, "hu"),
    (Lang::Ind, "id"),
    (Lang::Nob, "no"),
    (Lang::Ron, "ro"),
    (Lang::Slk, "sk"),
    (Lang::Swe, "sv"),
    (Lang::Tgl, "tl"),
    (Lang::Tur, "tr"),
    (Lang::Vie, "vi"),
];

fn n_grams(text: &str, known: &[Known]) -> Detection {
    let code =
        |lang: Lang| known.iter().find(|(known, _)| *known == lang).map(|(_, code)| (*code).to_owned());
    let best = Detector::with_allowlist(known.iter().map(|(lang, _)| *lang).collect()).detect(text);
    let Some(best) = best else { return Detection::default() };
    let others: Vec<Lang> = known.iter().map(|(lang, _)| *lang).filter(|lang| *lang != best.lang()).collect();
    let second = Detector::with_allowlist(others).detect(text);
    Detection {
        language: code(best.lang()),
        confidence: best.confidence() as f32,
        second: second.and_then(|second| code(second.lang())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &[&str] = &[
        "ar", "bg", "cs", "da", "de", "el", "es", "en", "fi", "fr", "ja", "he", "hu", "id", "it", "ko", "nl",
        "no", "pl", "pt-br", "ro", "ru", "sk", "sr", "sv", "th", "tl", "tr", "uk", "vi", "zh", "zh-tw", "hi",
    ];

    #[test]
    fn texts_of_the_specification() {
        let rows = [
            ("The quick brown fox jumps over the lazy dog", "en"),
            ("Der schnelle braune Fuchs springt über den faulen Hund", "de"),
            ("Le renard brun saute par-dessus le chien paresseux", "fr"),
            ("El rápido zorro marrón salta sobre el perro perezoso", "es"),
            ("O rato roeu a roupa do rei de Roma e você não viu", "pt-br"),
            ("La volpe marrone salta sopra il cane pigro", "it"),
            ("De snelle bruine vos springt over de luie hond", "nl"),
            ("Zażółć gęślą jaźń i idź do domu", "pl"),
            ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cs"),
            ("Pijamalı hasta yağız şoföre çabucak güvendi", "tr"),
            ("Съешь же ещё этих мягких французских булок", "ru"),
            ("Щастям б’єш жук їх глицю в фон й ґедзь пріч", "uk"),
            ("これは日本語の文です", "ja"),
            ("東京都", "zh"),
            ("这是中文句子", "zh"),
            ("這是中文句子", "zh-tw"),
            ("이것은 한국어 문장입니다", "ko"),
            ("هذا نص باللغة العربية", "ar"),
            ("این یک متن فارسی است", ""),
            ("זה משפט בעברית", "he"),
            ("यह हिन्दी का वाक्य है", "hi"),
            ("นี่คือประโยคภาษาไทย", "th"),
            ("OK", ""),
            ("{name} https://example.com 123", ""),
        ];
        let wrong: Vec<String> = rows
            .iter()
            .map(|(text, expected)| (text, expected, detect(text, CATALOGUE)))
            .filter(|(_, expected, found)| found.language.as_deref().unwrap_or("") != **expected)
            .map(|(text, expected, found)| format!("{text}: {found:?}, not {expected}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn only_candidates_are_found() {
        assert_eq!(detect("これは日本語の文です", &["en"]), Detection::default());
    }
}
