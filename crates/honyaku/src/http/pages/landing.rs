//! The front page, and the list of error codes that every refusal links to.

use super::{page, prefers_japanese};
use crate::app::App;
use crate::http::answer::body;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use domain::error_code;
use domain::ids::Environment;
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /`
pub async fn landing(State(app): State<Arc<App>>, headers: HeaderMap) -> Response<Body> {
    let base = app.desk.api_base(Environment::Live);
    if prefers_japanese(&headers) {
        page("ja", "Honyaku", japanese(&base))
    } else {
        page("en", "Honyaku", english(&base))
    }
}

fn english(base: &str) -> Markup {
    html! {
        h1 { "Honyaku" }
        p.lead { "Order human translation by API. Post texts, translators take them, you review the result, and callbacks tell your system at every step." }
        p { "This server speaks the public Gengo API. Existing client libraries work once their base URL is" }
        pre { code { (base) } }
        p { "To see that it is there: " code { "curl '" (base) "translate/service/languages?api_key=PUBLIC_KEY'" } }
        ul {
            li { a href="/docs/en/errors" { "Error codes: causes and cures" } }
            li { a href="/healthz" { "Health" } ", " a href="/readyz" { "readiness" } }
        }
    }
}

fn japanese(base: &str) -> Markup {
    html! {
        h1 { "Honyaku" }
        p.lead { "人による翻訳を API で注文できます。テキストを送ると翻訳者が引き受け、お客様が確認し、進み具合はコールバックで届きます。" }
        p { "このサーバーは公開されている Gengo API と互換です。既存のクライアントは、ベース URL を次のものに変えるだけで動きます。" }
        pre { code { (base) } }
        p { "動作の確認: " code { "curl '" (base) "translate/service/languages?api_key=公開キー'" } }
        ul {
            li { a href="/docs/ja/errors" { "エラーコードの一覧（原因と対処）" } }
            li { a href="/healthz" { "稼働状態" } "、" a href="/readyz" { "準備状態" } }
        }
    }
}

/// `GET /docs/{language}/errors`
pub async fn errors(Path(language): Path<String>) -> Response<Body> {
    let japanese = language == "ja";
    let (title, cause_head, cure_head) =
        if japanese { ("エラーコード", "原因", "対処") } else { ("Error codes", "Cause", "Cure") };
    let content = html! {
        h1 { (title) }
        @for code in error_code::all() {
            section id=(code.number) {
                h2 { (code.number) " " @if japanese { (code.words_ja) } @else { (code.words) } }
                @if japanese { p.words { code { (code.words) } } }
                dl {
                    dt { (cause_head) }
                    dd { @if japanese { (code.cause_ja) } @else { (code.cause) } }
                    dt { (cure_head) }
                    dd { @if japanese { (code.cure_ja) } @else { (code.cure) } }
                }
                @if let error_code::Sent::No(reason) = code.sent {
                    p.note { @if japanese { "このサーバーは送りません: " } @else { "Not sent by this server: " } (reason) }
                }
            }
        }
    };
    page(if japanese { "ja" } else { "en" }, title, content)
}

/// `GET /style.css`
pub async fn style() -> Response<Body> {
    body(200, "text/css; charset=utf-8", include_str!("../../assets/style.css"))
}
