//! Which of the two formats an answer has.

/// The format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The default.
    #[default]
    Json,
    /// On request.
    Xml,
}

impl Format {
    /// The parameter `format` beats the `Accept` header; a value that is neither format
    /// counts as not given. Without a wish, or with equal wishes, JSON.
    pub fn choose(format_param: Option<&str>, accept: Option<&str>) -> Format {
        match format_param.map(str::to_ascii_lowercase).as_deref() {
            Some("json") => Format::Json,
            Some("xml") => Format::Xml,
            _ => accept.map_or(Format::Json, Format::accepted),
        }
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            // Without parameters: a client compares it.
            Format::Json => "application/json",
            Format::Xml => "application/xml; charset=utf-8",
        }
    }

    fn accepted(accept: &str) -> Format {
        let best = |types: &[&str]| {
            let wished =
                accept.split(',').map(media_range).filter(|(name, _)| types.contains(&name.as_str()));
            wished.map(|(_, quality)| quality).max().unwrap_or(0)
        };
        let json = best(&["application/json", "text/json", "application/*", "*/*"]);
        let xml = best(&["application/xml", "text/xml"]);
        if xml > json { Format::Xml } else { Format::Json }
    }
}

/// The type in lower case and its quality in thousandths.
fn media_range(range: &str) -> (String, u32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    (name, quality.map_or(1000, thousandths))
}

/// `0.25` as 250. What is no quality counts as a full one.
fn thousandths(quality: &str) -> u32 {
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    let padded: String = decimals.chars().chain("000".chars()).take(3).collect();
    match (whole, padded.parse()) {
        ("0" | "", Ok(part)) => part,
        _ => 1000,
    }
}
