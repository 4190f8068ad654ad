//! Reading one field of a request: the lenient readers, with the contract's code and the
//! field's name on what they refuse.

use crate::app::App;
use domain::fault::Fault;
use domain::ids::Scope;
use serde_json::{Value, json};
use service::callbacks::inbox_token;
use url::Url;
use wire::field::{self, FieldFault, given};
use wire::json::{Json, Object, shown, shown_text};

/// A refusal of a field.
pub fn fault(code: u16, name: &str, detail: impl std::fmt::Display) -> Fault {
    Fault::new(code, format!("{name} {detail}")).of(name)
}

fn refused(code: u16, name: &str) -> impl Fn(FieldFault) -> Fault {
    move |found| fault(code, name, found)
}

/// On or off.
pub fn boolean(value: Option<&Json>, name: &str, code: u16) -> Result<Option<bool>, Fault> {
    field::boolean(value).map_err(refused(code, name))
}

/// A whole number.
pub fn integer(value: Option<&Json>, name: &str, code: u16) -> Result<Option<i64>, Fault> {
    field::integer(value).map_err(refused(code, name))
}

/// A text of at most `most` characters, without U+0000.
pub fn text(value: Option<&Json>, name: &str, code: u16, most: usize) -> Result<Option<String>, Fault> {
    let Some(text) = field::text(value).map_err(refused(code, name))? else { return Ok(None) };
    check_text(text, name, code, most)?;
    Ok(Some(text.to_owned()))
}

/// As `text`, but a number is accepted as its text.
pub fn text_or_number(
    value: Option<&Json>,
    name: &str,
    code: u16,
    most: usize,
) -> Result<Option<String>, Fault> {
    let Some(text) = field::text_or_number(value).map_err(refused(code, name))? else { return Ok(None) };
    check_text(text, name, code, most)?;
    Ok(Some(text.to_owned()))
}

fn check_text(text: &str, name: &str, code: u16, most: usize) -> Result<(), Fault> {
    if text.contains('\0') {
        return Err(fault(code, name, "holds the character U+0000: leave it out"));
    }
    // Bytes bound characters from above: most texts are not counted at all.
    if text.len() > most {
        let length = text.chars().count();
        if length > most {
            return Err(fault(code, name, format!("has {length} characters; at most {most} are accepted")));
        }
    }
    Ok(())
}

/// Where callbacks may be asked to go.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    /// Which addresses may be called.
    pub policy: &'a outbound::address::Policy,
    /// Whether this server's inboxes may.
    pub inboxes: Inboxes<'a>,
    /// Longer ones are refused.
    pub chars: usize,
}

/// This server's inboxes, at its address. They belong to sandboxes.
#[derive(Clone, Copy)]
pub enum Inboxes<'a> {
    /// They are reached inside the process, whatever the policy says.
    Open(&'a str),
    /// They are the other environment's.
    Foreign(&'a str),
    /// Nobody knows the address.
    Unknown,
}

impl<'a> Reach<'a> {
    /// What the server's settings allow.
    pub fn of(app: &'a App, scope: Scope) -> Self {
        let here = app.desk.public_url.as_str();
        let inboxes = if scope.is_sandbox() { Inboxes::Open(here) } else { Inboxes::Foreign(here) };
        Self { policy: &app.edge.policy, inboxes, chars: app.limits.callback_url_chars }
    }

    /// Why an address cannot be called, if what it says is enough to know.
    fn refusal(&self, address: &str) -> Option<String> {
        match self.inboxes {
            Inboxes::Open(here) if inbox_token(here, address).is_some() => return None,
            Inboxes::Foreign(here) if inbox_token(here, address).is_some() => {
                return Some("inboxes take the sandbox's callbacks only".to_owned());
            }
            _ => {}
        }
        let url = Url::parse(address).ok()?;
        outbound::address::check_literal_host(&url, self.policy).err().map(|refusal| refusal.to_string())
    }
}

/// An absolute http or https address; an address that is literally forbidden is refused here
/// already, names are checked when they are resolved.
pub fn callback_url(value: Option<&Json>, name: &str, reach: Reach<'_>) -> Result<Option<String>, Fault> {
    let code = 1601;
    let Some(text) = field::url(value).map_err(refused(code, name))? else { return Ok(None) };
    check_text(text, name, code, reach.chars)?;
    if text == field::CALLBACK_PLACEHOLDER {
        return Ok(None);
    }
    match reach.refusal(text) {
        Some(why) => Err(fault(code, name, format!("{} cannot be called: {why}", shown_text(text)))),
        None => Ok(Some(text.to_owned())),
    }
}

/// Attachments as JSON text: a list of addresses with names and types.
pub fn attachments(object: &Object, most: usize) -> Result<Option<String>, Fault> {
    let name = if given(object.get("attachments")).is_some() { "attachments" } else { "url_attachments" };
    let refuse = |detail: String| fault(2010, name, detail);
    let Some(list) = field::list(object.get(name)).map_err(refused(2010, name))? else { return Ok(None) };
    if list.len() > most {
        return Err(refuse(format!("has {} elements; at most {most} are accepted", list.len())));
    }
    let mut kept: Vec<Value> = Vec::with_capacity(list.len());
    for (index, element) in list.iter().enumerate() {
        let Json::Object(members) = element else {
            return Err(refuse(format!(
                "{} at {index} is {}; send {{\"url\":…,\"filename\":…,\"mime_type\":…}}",
                index + 1,
                shown(element)
            )));
        };
        let url = field::url(members.get("url")).map_err(|found| refuse(format!("url {found}")))?;
        let url = url.ok_or_else(|| {
            refuse(format!("at {index} has no url: send an absolute http or https address"))
        })?;
        let is_public =
            Url::parse(url).is_ok_and(|url| outbound::address::check_literal_host(&url, &PUBLIC).is_ok());
        if !is_public {
            return Err(refuse(format!("{} is no public address", shown_text(url))));
        }
        let text = |name: &'static str| text(members.get(name), name, 2010, 1_000);
        kept.push(json!({ "url": url, "filename": text("filename")?, "mime_type": text("mime_type")? }));
    }
    Ok((!kept.is_empty()).then(|| Value::Array(kept).to_string()))
}

/// Attachments are fetched by people: only public addresses make sense, on any port.
const PUBLIC: outbound::address::Policy =
    outbound::address::Policy { allow_loopback: false, allow_private: false, allow_low_ports: true };

/// The members of an object given under a name, else under it in the defaults.
pub struct Layers<'o> {
    /// The job's own members.
    pub own: &'o Object,
    /// The order-level members that serve jobs without their own.
    pub order: &'o Object,
}

impl<'o> Layers<'o> {
    /// The job's value, else the order's.
    pub fn get(&self, name: &str) -> Option<&'o Json> {
        given(self.own.get(name)).or_else(|| given(self.order.get(name)))
    }
}
