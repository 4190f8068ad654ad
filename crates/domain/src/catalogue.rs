//! What can be ordered, and what a unit costs. Source: engines B.2, B.3.

use crate::language::{self, UnitType};
use crate::money::{Currency, UnitPrice};
use crate::tier::Tier;

/// Source, and its targets at every human tier.
const PAIRS: &[(&str, &str)] = &[
    ("de", "en nl"),
    (
        "en",
        "ar bg cs da de el en-gb es es-la fi fr fr-ca he hi hu id it ja ko ms nl no pl pt pt-br ro ru sk sr sv th tl tr \
         uk vi zh zh-tw",
    ),
    ("es", "en"),
    ("es-la", "en"),
    ("fr", "de en"),
    ("fr-ca", "en"),
    ("hi", "en"),
    ("it", "en"),
    ("ja", "de en es fr id ko th zh zh-tw"),
    ("ko", "en ja"),
    ("nl", "en"),
    ("pl", "en"),
    ("pt", "en"),
    ("pt-br", "en"),
    ("ru", "en"),
    ("sv", "en"),
    ("zh", "en ja"),
    ("zh-tw", "en ja"),
];

/// Sources that translate into British English at the standard and machine tiers only.
const BRITISH_STANDARD_ONLY: &[&str] = &["de", "es", "fr", "it", "nl", "zh"];

/// One line of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Source language.
    pub lc_src: &'static str,
    /// Target language.
    pub lc_tgt: &'static str,
    /// Tier.
    pub tier: Tier,
}

/// Everything on offer, by source, target and tier. `machine`: an engine serves the pairs.
pub fn offers(machine: bool) -> Vec<Offer> {
    let mut all = Vec::new();
    for (lc_src, targets) in PAIRS {
        for lc_tgt in targets.split_whitespace() {
            push(&mut all, lc_src, lc_tgt, &Tier::ALL, machine);
        }
        if BRITISH_STANDARD_ONLY.contains(lc_src) {
            push(&mut all, lc_src, "en-gb", &[Tier::Machine, Tier::Standard], machine);
        }
    }
    all.sort_by_key(|offer| (offer.lc_src, offer.lc_tgt, offer.tier));
    all
}

fn push(all: &mut Vec<Offer>, lc_src: &'static str, lc_tgt: &'static str, tiers: &[Tier], machine: bool) {
    let offered = tiers.iter().filter(|tier| machine || **tier != Tier::Machine);
    all.extend(offered.map(|&tier| Offer { lc_src, lc_tgt, tier }));
}

/// True if this pair can be ordered at this tier.
pub fn is_offered(lc_src: &str, lc_tgt: &str, tier: Tier, machine: bool) -> bool {
    if tier == Tier::Machine && !machine {
        return false;
    }
    let listed = PAIRS.iter().any(|(source, targets)| {
        *source == lc_src && targets.split_whitespace().any(|target| target == lc_tgt)
    });
    let british = lc_tgt == "en-gb"
        && BRITISH_STANDARD_ONLY.contains(&lc_src)
        && matches!(tier, Tier::Machine | Tier::Standard);
    listed || british
}

/// The targets that a source can be translated into at a tier, for messages.
pub fn targets(lc_src: &str, tier: Tier, machine: bool) -> Vec<&'static str> {
    offers(machine)
        .into_iter()
        .filter(|offer| offer.lc_src == lc_src && offer.tier == tier)
        .map(|offer| offer.lc_tgt)
        .collect()
}

/// The price of a unit. `None`: not offered.
pub fn unit_price(lc_src: &str, lc_tgt: &str, tier: Tier, currency: Currency) -> Option<UnitPrice> {
    if !is_offered(lc_src, lc_tgt, tier, true) {
        return None;
    }
    let unit = language::find(lc_src)?.unit;
    let in_usd: i64 = match (lc_src, lc_tgt, tier) {
        (_, _, Tier::Machine) => 0,
        ("en", "ja", Tier::Pro) => 1200,
        ("en", "ja", Tier::Ultra) => 1800,
        ("en", "en-gb", Tier::Standard) => 300,
        ("en", "en-gb", Tier::Pro) => 600,
        ("en", "en-gb", Tier::Ultra) => 900,
        (_, _, Tier::Standard) if unit == UnitType::Word => 500,
        (_, _, Tier::Pro) if unit == UnitType::Word => 1000,
        (_, _, Tier::Ultra) if unit == UnitType::Word => 1500,
        (_, _, Tier::Standard) => 300,
        (_, _, Tier::Pro) => 600,
        (_, _, Tier::Ultra) => 900,
    };
    // The table's euro, pound and yen prices are fixed multiples of its dollar prices.
    Some(UnitPrice::from_ten_thousandths(match currency {
        Currency::Usd => in_usd,
        Currency::Eur => in_usd * 9 / 10,
        Currency::Gbp => in_usd * 8 / 10,
        Currency::Jpy => in_usd * 150,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_seven_recorded_pairs_and_six_of_ours() {
        let mut pairs: Vec<_> = offers(true).iter().map(|offer| (offer.lc_src, offer.lc_tgt)).collect();
        pairs.dedup();
        assert_eq!(pairs.len(), 67 + 6);
        assert!(pairs.iter().all(|(source, target)| source != target));
        assert!(offers(false).iter().all(|offer| offer.tier != Tier::Machine));
    }

    #[test]
    fn what_is_listed_is_offered_and_priced() {
        for offer in offers(true) {
            assert!(is_offered(offer.lc_src, offer.lc_tgt, offer.tier, true));
            for currency in Currency::ALL {
                assert!(unit_price(offer.lc_src, offer.lc_tgt, offer.tier, currency).is_some());
            }
        }
        assert!(!is_offered("de", "en-gb", Tier::Pro, true));
        assert!(!is_offered("en", "ja", Tier::Machine, false));
        assert!(!is_offered("en", "zh-hk", Tier::Standard, true));
    }

    #[test]
    fn prices_of_the_specification() {
        let cases = [
            ("en", "fr", Tier::Standard, ["0.0500", "0.0450", "0.0400", "7.5000"]),
            ("en", "fr", Tier::Pro, ["0.1000", "0.0900", "0.0800", "15.0000"]),
            ("en", "fr", Tier::Ultra, ["0.1500", "0.1350", "0.1200", "22.5000"]),
            ("ja", "en", Tier::Standard, ["0.0300", "0.0270", "0.0240", "4.5000"]),
            ("ja", "en", Tier::Pro, ["0.0600", "0.0540", "0.0480", "9.0000"]),
            ("ja", "en", Tier::Ultra, ["0.0900", "0.0810", "0.0720", "13.5000"]),
            ("en", "ja", Tier::Pro, ["0.1200", "0.1080", "0.0960", "18.0000"]),
            ("en", "ja", Tier::Ultra, ["0.1800", "0.1620", "0.1440", "27.0000"]),
            ("en", "en-gb", Tier::Standard, ["0.0300", "0.0270", "0.0240", "4.5000"]),
            ("en", "ja", Tier::Machine, ["0.0000", "0.0000", "0.0000", "0.0000"]),
        ];
        for (lc_src, lc_tgt, tier, prices) in cases {
            for (currency, price) in Currency::ALL.into_iter().zip(prices) {
                assert_eq!(unit_price(lc_src, lc_tgt, tier, currency).unwrap().to_string(), price);
            }
        }
    }
}
