//! The languages: codes, names, units, directions. Numeric ids are fixed for ever. Source: engines B.1.

/// What is counted and charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitType {
    /// Words.
    Word,
    /// Characters.
    Character,
}

impl UnitType {
    /// As on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Character => "character",
        }
    }
}

/// The direction of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

/// A language of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// Numeric id, shown by glossaries.
    pub id: i64,
    /// The code of this API.
    pub code: &'static str,
    /// The BCP 47 tag.
    pub bcp47: &'static str,
    /// English name.
    pub name: &'static str,
    /// Its own name.
    pub localized_name: &'static str,
    /// What is counted in it.
    pub unit: UnitType,
    /// How it is written.
    pub direction: Direction,
}

/// Every language, by id.
pub fn all() -> &'static [Language] {
    LANGUAGES
}

/// Finds a language by any accepted spelling: case does not matter, `_` is `-`, BCP 47 forms
/// and old codes are known, and an unlisted region falls back to its language. Anything else
/// after the language is a mistake that the caller should hear about, so it finds nothing.
pub fn find(spelling: &str) -> Option<&'static Language> {
    let lower = spelling.trim().to_ascii_lowercase().replace('_', "-");
    let by_code = |code: &str| LANGUAGES.iter().find(|language| language.code == code);
    let by_alias =
        |text: &str| ALIASES.iter().find(|(alias, _)| *alias == text).and_then(|(_, code)| by_code(code));
    let by_tag = |text: &str| LANGUAGES.iter().find(|language| language.bcp47.eq_ignore_ascii_case(text));
    let by_any = |text: &str| by_code(text).or_else(|| by_alias(text)).or_else(|| by_tag(text));
    by_any(&lower).or_else(|| {
        let (base, rest) = lower.split_once('-')?;
        match rest.split_once('-') {
            // The script decides more than the region: `zh-Hant-MO` is Traditional.
            Some((script, region)) if is_script(script) && is_region(region) => {
                by_alias(&format!("{base}-{script}")).or_else(|| by_any(base))
            }
            None if is_script(rest) || is_region(rest) => by_any(base),
            _ => None,
        }
    })
}

fn is_script(subtag: &str) -> bool {
    subtag.len() == 4 && subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_region(subtag: &str) -> bool {
    let all = |holds: fn(&u8) -> bool| subtag.as_bytes().iter().all(holds);
    match subtag.len() {
        2 => all(u8::is_ascii_alphabetic),
        3 => all(u8::is_ascii_digit),
        _ => false,
    }
}

const ALIASES: &[(&str, &str)] = &[
    ("zh-cn", "zh"),
    ("zh-hans", "zh"),
    ("zh-hans-cn", "zh"),
    ("zh-sg", "zh"),
    ("zh-hant", "zh-tw"),
    ("en-us", "en"),
    ("es-es", "es"),
    ("es-419", "es-la"),
    ("es-mx", "es-la"),
    ("es-ar", "es-la"),
    ("es-us", "es-la"),
    ("pt-pt", "pt"),
    ("fr-fr", "fr"),
    ("nb", "no"),
    ("nb-no", "no"),
    ("iw", "he"),
    ("in", "id"),
    ("fil", "tl"),
    ("jp", "ja"),
    ("kr", "ko"),
];

const fn language(
    id: i64,
    code: &'static str,
    bcp47: &'static str,
    name: &'static str,
    localized_name: &'static str,
    unit: UnitType,
    direction: Direction,
) -> Language {
    Language { id, code, bcp47, name, localized_name, unit, direction }
}

use Direction::{Ltr, Rtl};
use UnitType::{Character, Word};

#[rustfmt::skip]
const LANGUAGES: &[Language] = &[
    language(1, "ar", "ar", "Arabic", "العربية", Word, Rtl),
    language(2, "bg", "bg", "Bulgarian", "Български", Word, Ltr),
    language(3, "cs", "cs", "Czech", "Čeština (česky)", Word, Ltr),
    language(4, "da", "da", "Danish", "Dansk", Word, Ltr),
    language(5, "de", "de", "German", "Deutsch", Word, Ltr),
    language(6, "el", "el", "Greek", "Ελληνικά", Word, Ltr),
    language(7, "es", "es", "Spanish (Spain)", "Español", Word, Ltr),
    language(8, "en", "en", "English", "English", Word, Ltr),
    language(9, "en-gb", "en-GB", "English (British)", "English (UK)", Word, Ltr),
    language(10, "es-la", "es-419", "Spanish (Latin America)", "Español (América Latina)", Word, Ltr),
    language(11, "fi", "fi", "Finnish", "Suomi (Suomen kieli)", Word, Ltr),
    language(12, "fr", "fr", "French", "Français", Word, Ltr),
    language(13, "fr-ca", "fr-CA", "French (Canada)", "Français (Canada)", Word, Ltr),
    language(14, "ja", "ja", "Japanese", "日本語", Character, Ltr),
    language(15, "he", "he", "Hebrew", "עברית (with vowel points)", Word, Rtl),
    language(16, "hu", "hu", "Hungarian", "Magyar", Word, Ltr),
    language(17, "id", "id", "Indonesian", "Bahasa Indonesia", Word, Ltr),
    language(18, "it", "it", "Italian", "Italiano", Word, Ltr),
    language(19, "ko", "ko", "Korean", "한국어", Character, Ltr),
    language(20, "ms", "ms", "Malay", "Bahasa Melayu", Word, Ltr),
    language(21, "nl", "nl", "Dutch", "Nederlands", Word, Ltr),
    language(22, "no", "nb", "Norwegian", "Norsk", Word, Ltr),
    language(23, "pl", "pl", "Polish", "Polski", Word, Ltr),
    language(24, "pt", "pt-PT", "Portuguese (Europe)", "Português Europeu", Word, Ltr),
    language(25, "pt-br", "pt-BR", "Portuguese (Brazil)", "Português Brasileiro", Word, Ltr),
    language(26, "ro", "ro", "Romanian", "Română (Romanian)", Word, Ltr),
    language(27, "ru", "ru", "Russian", "Русский (русский язык)", Word, Ltr),
    language(28, "sk", "sk", "Slovak", "Slovenčina (Slovenský)", Word, Ltr),
    language(29, "sr", "sr", "Serbian", "Српски (Serbian)", Word, Ltr),
    language(30, "sv", "sv", "Swedish", "Svenska", Word, Ltr),
    language(31, "th", "th", "Thai", "ไทย", Word, Ltr),
    language(32, "tl", "fil", "Tagalog", "Tagalog", Word, Ltr),
    language(33, "tr", "tr", "Turkish", "Türkçe", Word, Ltr),
    language(34, "uk", "uk", "Ukrainian", "Українська (Ukrainian)", Word, Ltr),
    language(35, "vi", "vi", "Vietnamese", "Tiếng Việt", Word, Ltr),
    language(36, "zh", "zh-Hans", "Chinese (Simplified)", "中文 (简体)", Character, Ltr),
    language(37, "zh-tw", "zh-Hant-TW", "Chinese (Traditional)", "中文 (台湾)", Character, Ltr),
    language(38, "zh-hk", "zh-Hant-HK", "Chinese (Hong Kong)", "中文 (香港)", Character, Ltr),
    language(39, "hi", "hi", "Hindi", "हिन्दी", Word, Ltr),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_there_once() {
        assert_eq!(all().len(), 39);
        for (index, language) in all().iter().enumerate() {
            assert_eq!(language.id, index as i64 + 1);
            assert_eq!(find(language.code), Some(language));
            assert_eq!(find(&language.code.to_uppercase()), Some(language));
            assert_eq!(find(language.bcp47), Some(language), "{}", language.bcp47);
        }
    }

    #[test]
    fn other_spellings_are_accepted() {
        let cases = [
            ("zh_CN", "zh"),
            ("ZH-Hant", "zh-tw"),
            ("en-US", "en"),
            ("en_AU", "en"),
            ("es-MX", "es-la"),
            ("es-CO", "es"),
            ("pt-PT", "pt"),
            ("pt-BR", "pt-br"),
            ("nb", "no"),
            ("no", "no"),
            ("iw", "he"),
            ("in", "id"),
            ("fil", "tl"),
            ("jp", "ja"),
            ("kr", "ko"),
            ("fr-CH", "fr"),
            ("ja-JP", "ja"),
            ("zh-Hant-MO", "zh-tw"),
            ("zh-Hant-HK", "zh-hk"),
            ("zh-Hans-SG", "zh"),
            ("sr-Latn", "sr"),
            ("sr-Cyrl-RS", "sr"),
            ("en-001", "en"),
        ];
        for (spelling, code) in cases {
            assert_eq!(find(spelling).map(|language| language.code), Some(code), "{spelling}");
        }
        assert_eq!(find("tlh"), None);
        assert_eq!(find(""), None);
        for wrong in ["en-", "en--us", "en-garbage", "en-US-x", "ja-some text", "tlh-US", "-us"] {
            assert_eq!(find(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn recorded_ids_are_kept() {
        assert_eq!(find("en").map(|language| language.id), Some(8));
        assert_eq!(find("ja").map(|language| language.id), Some(14));
    }
}
