//! Codes about the request as a whole.

use super::{ErrorCode, Sent};

/// The codes, ascending.
#[rustfmt::skip]
pub(super) const CODES: &[ErrorCode] = &[
    ErrorCode {
        number: 404, http_status: 404, sent: Sent::Yes,
        words: "Requested Resource Not Found", words_ja: "要求されたリソースが見つかりません",
        cause: "The path, or the thing it names, does not exist here.", cause_ja: "パス、またはその指すものがありません。",
        cure: "Check the path against the message, which names the nearest real one.", cure_ja: "メッセージにある最も近いパスと比べてください。",
    },
    ErrorCode {
        number: 405, http_status: 405, sent: Sent::Yes,
        words: "Method not allowed", words_ja: "このメソッドは使えません",
        cause: "The path exists, but not for this HTTP method.", cause_ja: "パスはありますが、この HTTP メソッドでは使えません。",
        cure: "Use a method that the header Allow lists.", cure_ja: "Allow ヘッダーにあるメソッドを使ってください。",
    },
    ErrorCode {
        number: 413, http_status: 413, sent: Sent::Yes,
        words: "Request too large", words_ja: "リクエストが大きすぎます",
        cause: "The body is over the limit.", cause_ja: "本文が上限を超えています。",
        cure: "Split it into several calls.", cure_ja: "複数の呼び出しに分けてください。",
    },
    ErrorCode {
        number: 1000, http_status: 200, sent: Sent::Yes,
        words: "Authentication failed", words_ja: "認証に失敗しました",
        cause: "The key, the signature, the time or the environment does not fit; the message says which.", cause_ja: "キー、署名、時刻、環境のいずれかが合いません。どれかはメッセージにあります。",
        cure: "Sign the text of ts with the private key (HMAC-SHA1, hex) and use the base URL of the key's environment.", cure_ja: "ts の文字列を秘密キーで署名し（HMAC-SHA1、16 進）、キーの環境のベース URL を使ってください。",
    },
    ErrorCode {
        number: 1100, http_status: 200, sent: Sent::Yes,
        words: "\"api_sig\" is a required field", words_ja: "api_sig は必須です",
        cause: "The call carries no signature.", cause_ja: "署名がありません。",
        cure: "Send api_sig with every call.", cure_ja: "すべての呼び出しに api_sig を付けてください。",
    },
    ErrorCode {
        number: 1150, http_status: 200, sent: Sent::Yes,
        words: "\"api_key\" is a required field", words_ja: "api_key は必須です",
        cause: "The call carries no public key.", cause_ja: "公開キーがありません。",
        cure: "Send api_key with every call.", cure_ja: "すべての呼び出しに api_key を付けてください。",
    },
    ErrorCode {
        number: 1200, http_status: 200, sent: Sent::Yes,
        words: "\"ts\" - timestamp is a required field", words_ja: "ts（時刻）は必須です",
        cause: "The call carries no time.", cause_ja: "時刻がありません。",
        cure: "Send ts, the seconds since 1970, and sign it.", cure_ja: "1970 年からの秒数を ts として送り、署名してください。",
    },
    ErrorCode {
        number: 1201, http_status: 200, sent: Sent::Yes,
        words: "ts - timestamp must be numeric", words_ja: "ts（時刻）は数字で送ってください",
        cause: "ts is not a decimal number.", cause_ja: "ts が 10 進数ではありません。",
        cure: "Send the seconds since 1970 as digits.", cure_ja: "1970 年からの秒数を数字で送ってください。",
    },
    ErrorCode {
        number: 1250, http_status: 200, sent: Sent::Yes,
        words: "\"data\" is a required field", words_ja: "data は必須です",
        cause: "A POST or PUT has nothing to work on.", cause_ja: "POST または PUT に処理する内容がありません。",
        cure: "Send one parameter data with a JSON object.", cure_ja: "JSON オブジェクトを data パラメーターで送ってください。",
    },
    ErrorCode {
        number: 1251, http_status: 200, sent: Sent::Yes,
        words: "JSON data cannot be decoded", words_ja: "JSON を解読できません",
        cause: "data is not JSON, not an object, or has a name twice.", cause_ja: "data が JSON でない、オブジェクトでない、または同じ名前が二度あります。",
        cure: "Correct it at the line and column that the message names.", cure_ja: "メッセージの行と列を直してください。",
    },
];
