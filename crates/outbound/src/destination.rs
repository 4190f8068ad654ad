//! The key by which deliveries are kept apart.

use url::Url;

/// `scheme://host:port` of a URL, the port always written out.
///
/// Deliveries with the same destination share their places in flight and their
/// row of failures. A final dot of the host is dropped: `example.com.` is the
/// same receiver as `example.com`.
///
/// ```
/// let url = url::Url::parse("HTTPS://Example.COM./hook?x=1").unwrap();
/// assert_eq!(outbound::destination(&url), "https://example.com:443");
/// ```
pub fn destination(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}://{host}:{port}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_receiver_has_one_key() {
        let cases = [
            ("http://example.com", "http://example.com:80"),
            ("http://example.com:80/a", "http://example.com:80"),
            ("https://EXAMPLE.com/b?c#d", "https://example.com:443"),
            ("https://example.com./", "https://example.com:443"),
            ("https://example.com:8443/", "https://example.com:8443"),
            ("http://2130706433:9/", "http://127.0.0.1:9"),
            ("http://[0:0::1]/", "http://[::1]:80"),
            ("https://bücher.example/", "https://xn--bcher-kva.example:443"),
        ];
        for (url, key) in cases {
            assert_eq!(destination(&Url::parse(url).unwrap()), key, "{url}");
        }
    }
}
