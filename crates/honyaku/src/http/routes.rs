//! Every path of the API, in one table.

use super::answer::Answer;
use super::api_v2::{account, feed, glossary, job, jobs, order, quote, service};
use super::auth::Access::{self, KeyOnly, Signed};
use super::call::Call;
use super::failure::Failure;
use super::sandbox::{clock, controls, inbox, settings};
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

/// A handler's work.
pub type Work = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;
/// What answers a route.
pub type Handler = fn(Call) -> Work;

/// One method on one path.
pub struct Route {
    /// GET, POST, PUT or DELETE.
    pub method: &'static str,
    /// The path after the version; `{…}` stands for one segment.
    pub path: &'static str,
    /// What the caller must show.
    pub access: Access,
    /// What answers.
    pub handler: Handler,
}

/// What is known of a path.
pub struct Place {
    /// Its methods, in the table's order.
    pub routes: Vec<&'static Route>,
    /// Its first two words, which metrics call it by: callers can make up no new ones.
    pub group: &'static str,
}

/// The place of a path, and the values of its placeholders.
pub fn find(path: &str) -> Option<(&'static Place, Vec<String>)> {
    let found = PLACES.at(path).ok()?;
    let value = |(_, value)| (!RESERVED.contains(&value)).then(|| percent_decoded(value));
    let values = found.params.iter().map(value).collect::<Option<_>>()?;
    Some((found.value, values))
}

/// What metrics call a path.
pub fn group(path: &str) -> &'static str {
    PLACES.at(path).map_or("other", |found| found.value.group)
}

/// The table by path.
static PLACES: LazyLock<matchit::Router<Place>> = LazyLock::new(|| {
    let mut places = matchit::Router::new();
    for route in ROUTES {
        let mut same = ROUTES.iter().filter(|other| other.path == route.path).peekable();
        if same.peek().is_some_and(|first| std::ptr::eq(*first, route)) {
            let place = Place { routes: same.collect(), group: words(route.path) };
            let inserted = places.insert(route.path, place);
            debug_assert!(inserted.is_ok(), "{} is in the way of others", route.path);
        }
    }
    places
});

/// The first two segments, without a placeholder.
fn words(path: &'static str) -> &'static str {
    let end = path.match_indices('/').nth(1).map_or(path.len(), |(end, _)| end);
    let two = path.get(..end).unwrap_or(path);
    two.split_once("/{").map_or(two, |(word, _)| word)
}

/// Words of the API that no placeholder takes.
const RESERVED: &[&str] = &["group", "comment", "download", "advance"];

fn percent_decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

macro_rules! route {
    ($method:literal, $path:literal, $access:ident, $handler:path) => {
        Route { method: $method, path: $path, access: $access, handler: |call| Box::pin($handler(call)) }
    };
}

/// The table.
pub static ROUTES: &[Route] = &[
    route!("GET", "account/stats", Signed, account::stats),
    route!("GET", "account/balance", Signed, account::balance),
    route!("GET", "account/me", Signed, account::me),
    route!("GET", "account/preferred_translators", Signed, account::preferred_translators),
    route!("GET", "account/events", Signed, feed::events),
    route!("GET", "account/callbacks", Signed, feed::callbacks),
    route!("POST", "account/callbacks/resume", Signed, feed::resume),
    route!("POST", "account/callbacks/{id}/resend", Signed, feed::resend),
    route!("POST", "translate/jobs", Signed, jobs::order),
    route!("GET", "translate/jobs", Signed, jobs::list),
    route!("PUT", "translate/jobs", Signed, jobs::act),
    route!("DELETE", "translate/jobs", Signed, jobs::cancel),
    route!("GET", "translate/jobs/{ids}", Signed, jobs::several),
    route!("GET", "translate/jobs/group", Signed, jobs::group_missing),
    route!("GET", "translate/jobs/group/{group_id}", Signed, jobs::group),
    route!("POST", "translate/job", Signed, jobs::order_one),
    route!("GET", "translate/job", Signed, job::id_missing),
    route!("PUT", "translate/job", Signed, job::id_missing),
    route!("DELETE", "translate/job", Signed, job::id_missing),
    route!("GET", "translate/job/{id}", Signed, job::get),
    route!("PUT", "translate/job/{id}", Signed, job::act),
    route!("DELETE", "translate/job/{id}", Signed, job::cancel),
    route!("POST", "translate/job/{id}", Signed, job::comment_or_act),
    route!("GET", "translate/job/{id}/preview", Signed, job::preview),
    route!("GET", "translate/job/{id}/revisions", Signed, job::revisions),
    route!("GET", "translate/job/{id}/revision", Signed, job::revision_missing),
    route!("GET", "translate/job/{id}/revision/{rev_id}", Signed, job::revision),
    route!("GET", "translate/job/{id}/revisions/{rev_id}", Signed, job::revision),
    route!("GET", "translate/job/{id}/feedback", Signed, job::feedback),
    route!("POST", "translate/job/{id}/comment", Signed, job::comment),
    route!("GET", "translate/job/{id}/comments", Signed, job::comments),
    route!("GET", "translate/order/{id}", Signed, order::get),
    route!("DELETE", "translate/order/{id}", Signed, order::cancel),
    route!("POST", "translate/order/{id}", Signed, order::comment),
    route!("POST", "translate/order/{id}/comment", Signed, order::comment),
    route!("GET", "translate/order/{id}/comments", Signed, order::comments),
    route!("GET", "translate/service/languages", KeyOnly, service::languages),
    route!("GET", "translate/service/language_pairs", KeyOnly, service::language_pairs),
    route!("GET", "translate/service/language_matrix", KeyOnly, service::language_matrix),
    route!("GET", "translate/service/unit_count", KeyOnly, service::unit_count),
    route!("POST", "translate/service/unit_count", KeyOnly, service::unit_count),
    route!("POST", "translate/service/quote", Signed, quote::quote),
    route!("POST", "translate/service/quote/file", Signed, quote::file),
    route!("GET", "translate/glossary", Signed, glossary::list),
    route!("POST", "translate/glossary", Signed, glossary::upload),
    route!("GET", "translate/glossary/{id}", Signed, glossary::get),
    route!("PUT", "translate/glossary/{id}", Signed, glossary::upload),
    route!("DELETE", "translate/glossary/{id}", Signed, glossary::upload),
    route!("GET", "translate/glossary/download/{id}", Signed, glossary::download),
    route!("POST", "glossary", Signed, glossary::upload),
    route!("PUT", "glossary/{id}", Signed, glossary::upload),
    route!("DELETE", "glossary/{id}", Signed, glossary::upload),
    route!("GET", "sandbox", Signed, settings::overview),
    route!("PUT", "sandbox", Signed, settings::set),
    route!("POST", "sandbox/credits", Signed, settings::credits),
    route!("GET", "sandbox/robot", Signed, settings::robot),
    route!("PUT", "sandbox/robot", Signed, settings::set_robot),
    route!("POST", "sandbox/robot", Signed, settings::set_robot),
    route!("POST", "sandbox/wipe", Signed, settings::wipe),
    route!("POST", "sandbox/job/{id}/take", Signed, controls::take),
    route!("POST", "sandbox/job/{id}/submit", Signed, controls::submit),
    route!("POST", "sandbox/job/{id}/release", Signed, controls::release),
    route!("POST", "sandbox/job/{id}/advance", Signed, controls::advance),
    route!("POST", "sandbox/job/{id}/status", Signed, controls::status),
    route!("POST", "sandbox/job/{id}/comment", Signed, controls::comment),
    route!("POST", "sandbox/job/{id}/callback", Signed, controls::callback),
    route!("GET", "sandbox/job/{id}/captcha", Signed, controls::captcha),
    route!("POST", "sandbox/jobs/advance", Signed, controls::advance_many),
    route!("POST", "sandbox/clock", Signed, clock::forward),
    route!("POST", "sandbox/inbox", Signed, inbox::add),
    route!("GET", "sandbox/inbox/{token}", Signed, inbox::get),
    route!("PUT", "sandbox/inbox/{token}", Signed, inbox::set),
    route!("DELETE", "sandbox/inbox/{token}", Signed, inbox::clear),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_path() {
        for route in ROUTES {
            let path = route.path.replace(['{', '}'], "");
            let (place, values) =
                find(&path).unwrap_or_else(|| panic!("{} is in the way of others", route.path));
            assert!(place.routes.iter().any(|found| std::ptr::eq(*found, route)), "{}", route.path);
            assert_eq!(values.len(), route.path.matches('{').count());
            assert!(route.path.starts_with(place.group), "{}", place.group);
        }
    }

    #[test]
    fn placeholders_take_what_is_no_word_of_the_api() {
        let values = |path| find(path).map(|(place, values)| (place.routes[0].path, values));
        let some =
            |path, values: &[&str]| Some((path, values.iter().map(|text| (*text).to_owned()).collect()));
        assert_eq!(values("translate/job/5"), some("translate/job/{id}", &["5"]));
        assert_eq!(values("translate/job/a%20b/comments"), some("translate/job/{id}/comments", &["a b"]));
        assert_eq!(values("translate/job//comments"), some("translate/job/{id}/comments", &[""]));
        assert_eq!(values("translate/jobs/group"), some("translate/jobs/group", &[]));
        assert_eq!(values("translate/jobs/group/7"), some("translate/jobs/group/{group_id}", &["7"]));
        assert_eq!(values("translate/job/comment"), None);
        assert_eq!(values("translate/job/5/nothing"), None);
        assert_eq!(values(""), None);
        assert_eq!(find("translate/job/5").unwrap().0.group, "translate/job");
        assert_eq!(find("sandbox").unwrap().0.group, "sandbox");
    }
}
