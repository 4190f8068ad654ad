//! A job as submitted: each field of api-v2 4.3 with its rule and its code. Every fault of a
//! job is found, not only the first.

use super::fields::{self, Layers, Reach, fault};
use domain::catalogue;
use domain::fault::Fault;
use domain::ids::GlossaryId;
use domain::language::{self, Language, UnitType};
use domain::limits::Limits;
use domain::same_text;
use domain::tier::Tier;
use service::draft::Draft;
use service::estimate::effective_tier;
use store::glossaries::Glossary;
use text::count::{Unit, count};
use wire::field::given;
use wire::json::{Json, Object, shown, shown_text};

/// Below this a detected language is a guess, and the sender is asked.
const SURE_ENOUGH: f32 = 0.2;

/// What the fields are checked against.
pub struct Rules<'r> {
    /// Sizes.
    pub limits: &'r Limits,
    /// Where callbacks may go.
    pub reach: Reach<'r>,
    /// The account's glossaries.
    pub glossaries: &'r [Glossary],
    /// Machine jobs are answered here.
    pub machine: bool,
    /// For a quote: `lc_src` may be left out and is detected.
    pub detect: bool,
}

/// Reads one job. `defaults` are the order-level members. Takes the job: its text is moved, so
/// that a large order is not held twice.
pub fn read(key: String, mut own: Object, defaults: &Object, rules: &Rules<'_>) -> Result<Draft, Vec<Fault>> {
    let (form, faults) = check(&own, defaults, rules);
    match (own.remove("body_src"), form) {
        (Some(Json::String(body_src)), Some(form)) => Ok(form.into_draft(key, body_src)),
        _ => Err(faults),
    }
}

/// Checks all fields of a job; there is a form if there are no faults.
fn check(own: &Object, defaults: &Object, rules: &Rules<'_>) -> (Option<Form>, Vec<Fault>) {
    let mut faults = Faults(Vec::new());
    let layers = Layers { own, order: defaults };
    let limits = rules.limits;
    faults.keep(kind(own));
    let tier = faults.keep(tier(own));
    let edit = faults.keep(services(own, tier)).unwrap_or(false);
    let body_src = faults.keep(body_src(own, tier, limits));
    let source = source(own, body_src, rules, &mut faults);
    let pair = pair(own, tier, edit, source, rules, &mut faults);
    let units = match (body_src, source) {
        (Some(text), Some(source)) => faults.keep(units(text, source)),
        _ => None,
    };
    let glossary = faults.keep(glossary(layers.get("glossary_id"), pair, rules)).flatten();
    let optional = Optional {
        slug: faults.keep(fields::text_or_number(own.get("slug"), "slug", 1351, limits.slug_chars)).flatten(),
        comment: faults
            .keep(fields::text(own.get("comment"), "comment", 1351, limits.comment_chars))
            .flatten(),
        attachments: faults.keep(fields::attachments(own, limits.attachments)).flatten(),
        position: fields::integer(own.get("position"), "position", 1352).unwrap_or(None),
        grouped: faults.keep(fields::boolean(own.get("as_group"), "as_group", 1851)).flatten(),
        force: faults.keep(fields::boolean(own.get("force"), "force", 1352)).flatten(),
        use_preferred: faults
            .keep(fields::boolean(layers.get("use_preferred"), "use_preferred", 1701))
            .flatten(),
        auto_approve: faults
            .keep(fields::boolean(layers.get("auto_approve"), "auto_approve", 1651))
            .flatten(),
        callback_url: faults
            .keep(fields::callback_url(layers.get("callback_url"), "callback_url", rules.reach))
            .flatten(),
        custom_data: faults.keep(custom_data(own, limits)).flatten(),
        purpose: faults
            .keep(fields::text(layers.get("purpose"), "purpose", 2753, limits.purpose_chars))
            .flatten(),
        tone: faults.keep(fields::text(layers.get("tone"), "tone", 2752, limits.tone_chars)).flatten(),
        max_chars: faults.keep(max_chars(own)).flatten(),
    };
    let form = match (faults.0.is_empty(), tier, pair, units) {
        (true, Some(tier), Some(pair), Some(units)) => {
            Some(Form { tier, edit, pair, units, glossary, optional })
        }
        _ => None,
    };
    (form, faults.0)
}

/// Collects faults while reading goes on.
struct Faults(Vec<Fault>);

impl Faults {
    fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.0.push(fault)).ok()
    }
}

/// The fields that may be left out.
struct Optional {
    slug: Option<String>,
    comment: Option<String>,
    attachments: Option<String>,
    position: Option<i64>,
    grouped: Option<bool>,
    force: Option<bool>,
    use_preferred: Option<bool>,
    auto_approve: Option<bool>,
    callback_url: Option<String>,
    custom_data: Option<String>,
    purpose: Option<String>,
    tone: Option<String>,
    max_chars: Option<i64>,
}

/// A job without faults, but for its text.
struct Form {
    tier: Tier,
    edit: bool,
    pair: Pair,
    units: u64,
    glossary: Option<GlossaryId>,
    optional: Optional,
}

impl Form {
    fn into_draft(self, key: String, body_src: String) -> Draft {
        let Form { tier, edit, pair: (source, target), units, glossary, optional } = self;
        Draft {
            key,
            slug: optional.slug,
            text_key: same_text::key(source.code, target.code, effective_tier(tier, edit), &body_src),
            body_src,
            lc_src: source.code,
            lc_tgt: target.code,
            tier,
            edit,
            units,
            comment: optional.comment,
            attachments: optional.attachments,
            glossary,
            position: optional.position,
            grouped: optional.grouped.unwrap_or(true),
            force: optional.force.unwrap_or(false),
            use_preferred: optional.use_preferred.unwrap_or(false),
            auto_approve: optional.auto_approve,
            callback_url: optional.callback_url,
            custom_data: optional.custom_data,
            purpose: optional.purpose,
            tone: optional.tone,
            max_chars: optional.max_chars,
        }
    }
}

type Pair = (&'static Language, &'static Language);

fn kind(own: &Object) -> Result<(), Fault> {
    match fields::text(own.get("type"), "type", 1301, 100)?.as_deref() {
        None | Some("text") => Ok(()),
        Some("file") => {
            Err(fault(1301, "type", "\"file\" is not available on this server yet: send text jobs"))
        }
        Some(other) => Err(fault(1301, "type", format!("{} is unknown: send \"text\"", shown_text(other)))),
    }
}

fn tier(own: &Object) -> Result<Tier, Fault> {
    let all = "send one of machine, standard, pro, ultra";
    let Some(value) = given(own.get("tier")) else { return Err(Fault::new(1500, all).of("tier")) };
    let parsed = match value {
        Json::String(text) => Tier::parse(text),
        _ => None,
    };
    parsed.ok_or_else(|| fault(1304, "tier", format!("{} is unknown: {all}", shown(value))))
}

/// True if a second person edits.
fn services(own: &Object, tier: Option<Tier>) -> Result<bool, Fault> {
    let name = "services";
    let list = wire::field::list(own.get(name)).map_err(|found| fault(1352, name, found))?;
    let mut edit = false;
    for service in list.unwrap_or_default() {
        match service {
            Json::String(text) if text == "translation" => {}
            Json::String(text) if text == "edit" => edit = true,
            other => {
                let text = format!("{} is unknown: send translation, or translation and edit", shown(other));
                return Err(fault(1352, name, text));
            }
        }
    }
    match tier {
        Some(tier) if edit && tier != Tier::Pro => {
            let text = format!("edit is possible with tier pro only, not with {tier}");
            Err(Fault::new(1304, text).of("tier"))
        }
        _ => Ok(edit),
    }
}

fn body_src<'o>(own: &'o Object, tier: Option<Tier>, limits: &Limits) -> Result<&'o str, Fault> {
    let name = "body_src";
    let text = match own.get(name) {
        None | Some(Json::Null) => return Err(Fault::new(1350, "send the text to translate").of(name)),
        Some(Json::String(text)) => text,
        Some(other) => return Err(fault(1351, name, format!("{} is no text: send a string", shown(other)))),
    };
    if text.trim().is_empty() {
        return Err(fault(1351, name, "is blank: send the text to translate"));
    }
    if text.contains('\0') {
        return Err(fault(1351, name, "holds the character U+0000: leave it out"));
    }
    let most =
        if tier == Some(Tier::Machine) { limits.machine_body_src_chars } else { limits.body_src_chars };
    if text.len() > most {
        let length = text.chars().count();
        if length > most {
            let text =
                format!("has {length} characters; at most {most} are accepted: send it as several jobs");
            return Err(fault(1351, name, text));
        }
    }
    Ok(text)
}

fn source(
    own: &Object,
    body_src: Option<&str>,
    rules: &Rules<'_>,
    faults: &mut Faults,
) -> Option<&'static Language> {
    match given(own.get("lc_src")) {
        None if rules.detect => faults.keep(detected(body_src?)),
        value => faults.keep(language_of(value, "lc_src", 1400)),
    }
}

fn pair(
    own: &Object,
    tier: Option<Tier>,
    edit: bool,
    source: Option<&'static Language>,
    rules: &Rules<'_>,
    faults: &mut Faults,
) -> Option<Pair> {
    let target = language_of(given(own.get("lc_tgt")), "lc_tgt", 1450);
    let target = faults.keep(target.map_err(|fault| match (fault.code, source, tier) {
        (1551, Some(source), Some(tier)) => with_what_is_offered(fault, source, tier, edit, rules),
        _ => fault,
    }));
    let (source, target) = (source?, target?);
    if source == target {
        faults.0.push(fault(
            1551,
            "lc_tgt",
            format!("\"{}\" is also lc_src: source and target must differ", target.code),
        ));
        return None;
    }
    if let Some(tier) = tier {
        faults.keep(offered(source, target, tier, edit, rules))?;
    }
    Some((source, target))
}

fn language_of(value: Option<&Json>, name: &str, missing: u16) -> Result<&'static Language, Fault> {
    let Some(value) = value else {
        return Err(Fault::new(missing, "send a language code such as en or ja").of(name));
    };
    let found = match value {
        Json::String(text) => language::find(text),
        _ => None,
    };
    found.ok_or_else(|| {
        fault(
            1551,
            name,
            format!("{} is no language of this service: see translate/service/languages", shown(value)),
        )
    })
}

/// The language of a text whose sender left it out.
pub fn detected(body_src: &str) -> Result<&'static Language, Fault> {
    let candidates: Vec<&str> = language::all().iter().map(|language| language.code).collect();
    let found = text::detect::detect(body_src, &candidates);
    let sure = found.language.filter(|_| found.confidence >= SURE_ENOUGH);
    sure.as_deref()
        .and_then(language::find)
        .ok_or_else(|| Fault::new(1400, "the language of this text cannot be told: send lc_src").of("lc_src"))
}

fn offered(
    source: &Language,
    target: &Language,
    tier: Tier,
    edit: bool,
    rules: &Rules<'_>,
) -> Result<(), Fault> {
    let tier = effective_tier(tier, edit);
    if catalogue::is_offered(source.code, target.code, tier, rules.machine) {
        return Ok(());
    }
    if tier == Tier::Machine && !rules.machine {
        let text = "no machine engine is available on this server: send standard, pro or ultra";
        return Err(fault(1551, "tier", format!("\"machine\": {text}")));
    }
    let text = format!("\"{}\" to \"{}\" is not offered at tier {tier}", source.code, target.code);
    Err(with_what_is_offered(Fault::new(1551, text).of("lc_tgt"), source, tier, edit, rules))
}

/// The refusal of a target, saying which there are.
fn with_what_is_offered(
    mut fault: Fault,
    source: &Language,
    tier: Tier,
    edit: bool,
    rules: &Rules<'_>,
) -> Fault {
    let targets = catalogue::targets(source.code, effective_tier(tier, edit), rules.machine);
    let list = if targets.is_empty() { "nothing".to_owned() } else { targets.join(", ") };
    fault.detail = format!("{}; from {} there is {list}", fault.detail, source.code);
    fault
}

/// Counts what is to be translated.
pub fn units(body_src: &str, source: &Language) -> Result<u64, Fault> {
    match count(body_src, unit(source.unit)) {
        0 => Err(fault(
            1351,
            "body_src",
            "holds only text that is not translated (brackets, tags, symbols): send words",
        )),
        units => Ok(units),
    }
}

/// The counter's word for a unit.
pub fn unit(unit: UnitType) -> Unit {
    match unit {
        UnitType::Word => Unit::Word,
        UnitType::Character => Unit::Character,
    }
}

fn glossary(
    value: Option<&Json>,
    pair: Option<Pair>,
    rules: &Rules<'_>,
) -> Result<Option<GlossaryId>, Fault> {
    let Some(id) = fields::integer(value, "glossary_id", 1352)? else { return Ok(None) };
    let Some((source, target)) = pair else { return Ok(Some(GlossaryId(id))) };
    let serves = |glossary: &&Glossary| glossary.serves(source.code, target.code);
    if rules.glossaries.iter().filter(serves).any(|glossary| glossary.id.0 == id) {
        return Ok(Some(GlossaryId(id)));
    }
    let fitting: Vec<String> =
        rules.glossaries.iter().filter(serves).map(|glossary| glossary.id.to_string()).collect();
    let list = if fitting.is_empty() { "none".to_owned() } else { fitting.join(", ") };
    let text = format!(
        "{id} is no glossary of yours from {} to {}; those that fit: {list}",
        source.code, target.code
    );
    Err(fault(1352, "glossary_id", text))
}

fn custom_data(own: &Object, limits: &Limits) -> Result<Option<String>, Fault> {
    let name = "custom_data";
    let text = wire::field::text(own.get(name)).map_err(|found| fault(1758, name, found))?;
    let Some(text) = text else { return Ok(None) };
    if text.len() > limits.custom_data_bytes {
        let detail = format!("has {} bytes; at most {} are stored", text.len(), limits.custom_data_bytes);
        return Err(fault(1751, name, detail));
    }
    if text.contains('\0') {
        return Err(fault(1758, name, "holds the character U+0000: leave it out"));
    }
    Ok(Some(text.to_owned()))
}

fn max_chars(own: &Object) -> Result<Option<i64>, Fault> {
    match fields::integer(own.get("max_chars"), "max_chars", 1352)? {
        Some(most) if most < 1 => {
            Err(fault(1352, "max_chars", format!("{most} is less than 1: send the longest length that fits")))
        }
        most => Ok(most),
    }
}
