//! Codes about what is ordered.

use super::{ErrorCode, Sent};

/// The codes, ascending.
#[rustfmt::skip]
pub(super) const CODES: &[ErrorCode] = &[
    ErrorCode {
        number: 1300, http_status: 200, sent: Sent::No("type may always be left out here"),
        words: "\"type\" is a required field", words_ja: "type は必須です",
        cause: "An installation may require type.", cause_ja: "設定によっては type が必須です。",
        cure: "Send type: text.", cure_ja: "type に text を送ってください。",
    },
    ErrorCode {
        number: 1301, http_status: 200, sent: Sent::Yes,
        words: "job_type is not supported", words_ja: "この種類のジョブは扱えません",
        cause: "type is neither text nor file, or file jobs are not available.", cause_ja: "type が text でも file でもない、またはファイルは扱えません。",
        cure: "Send text jobs.", cure_ja: "テキストのジョブを送ってください。",
    },
    ErrorCode {
        number: 1302, http_status: 200, sent: Sent::No("file jobs come with a later version; until then they answer 1301"),
        words: "\"identifier\" is a required field", words_ja: "identifier は必須です",
        cause: "A file job needs the identifier of its quote.", cause_ja: "ファイルのジョブには見積もりの identifier が必要です。",
        cure: "Quote the file first.", cure_ja: "先にファイルの見積もりを取ってください。",
    },
    ErrorCode {
        number: 1303, http_status: 200, sent: Sent::No("file jobs come with a later version; until then they answer 1301"),
        words: "quote missing", words_ja: "見積もりがありません",
        cause: "The identifier of a file job is unknown, expired or used.", cause_ja: "identifier が不明、期限切れ、または使用済みです。",
        cure: "Quote the file again.", cure_ja: "ファイルの見積もりを取り直してください。",
    },
    ErrorCode {
        number: 1304, http_status: 200, sent: Sent::Yes,
        words: "invalid tier", words_ja: "ティアが正しくありません",
        cause: "The tier is unknown, or the service needs another one.", cause_ja: "ティアが不明、またはサービスに合いません。",
        cure: "Send machine, standard, pro or ultra; edit goes with pro.", cure_ja: "machine、standard、pro、ultra のいずれかを送ってください。edit は pro だけです。",
    },
    ErrorCode {
        number: 1305, http_status: 200, sent: Sent::No("file quotes come with a later version; until then they answer 1802"),
        words: "quote number of files exceeds limit", words_ja: "ファイルの数が上限を超えています",
        cause: "A file quote holds too many files.", cause_ja: "見積もりのファイルが多すぎます。",
        cure: "Send at most 50 files.", cure_ja: "50 個までにしてください。",
    },
    ErrorCode {
        number: 1306, http_status: 200, sent: Sent::No("file quotes come with a later version; until then they answer 1802"),
        words: "quote file size exceeds limit", words_ja: "ファイルが大きすぎます",
        cause: "A file of a quote is too large.", cause_ja: "見積もりのファイルが大きすぎます。",
        cure: "Send files of at most 50 MB.", cure_ja: "50 MB までのファイルを送ってください。",
    },
    ErrorCode {
        number: 1350, http_status: 200, sent: Sent::Yes,
        words: "\"body_src\" is a required field", words_ja: "body_src は必須です",
        cause: "The job has no text.", cause_ja: "ジョブに本文がありません。",
        cure: "Send the text to translate.", cure_ja: "翻訳する文章を送ってください。",
    },
    ErrorCode {
        number: 1351, http_status: 200, sent: Sent::Yes,
        words: "invalid body text", words_ja: "本文が正しくありません",
        cause: "A text is blank, too long, not UTF-8, or holds nothing to translate.", cause_ja: "本文が空白だけ、長すぎる、UTF-8 でない、または翻訳する部分がありません。",
        cure: "Send text with words in it, within the limits.", cure_ja: "上限内で、語を含む文章を送ってください。",
    },
    ErrorCode {
        number: 1352, http_status: 200, sent: Sent::Yes,
        words: "content type invalid", words_ja: "値が正しくありません",
        cause: "A field that has no code of its own holds what it cannot.", cause_ja: "固有のコードがないフィールドの値が正しくありません。",
        cure: "Correct the field that the message names.", cure_ja: "メッセージにあるフィールドを直してください。",
    },
    ErrorCode {
        number: 1400, http_status: 200, sent: Sent::Yes,
        words: "\"lc_src\" is a required field", words_ja: "lc_src は必須です",
        cause: "The source language is missing.", cause_ja: "原文の言語がありません。",
        cure: "Send a language code such as en.", cure_ja: "en などの言語コードを送ってください。",
    },
    ErrorCode {
        number: 1450, http_status: 200, sent: Sent::Yes,
        words: "\"lc_tgt\" is a required field", words_ja: "lc_tgt は必須です",
        cause: "The target language is missing.", cause_ja: "訳文の言語がありません。",
        cure: "Send a language code such as ja.", cure_ja: "ja などの言語コードを送ってください。",
    },
    ErrorCode {
        number: 1500, http_status: 200, sent: Sent::Yes,
        words: "\"tier\" is a required field", words_ja: "tier は必須です",
        cause: "The tier is missing.", cause_ja: "ティアがありません。",
        cure: "Send machine, standard, pro or ultra.", cure_ja: "machine、standard、pro、ultra のいずれかを送ってください。",
    },
    ErrorCode {
        number: 1501, http_status: 200, sent: Sent::No("file quotes come with a later version; until then they answer 1802"),
        words: "\"filename\" is a required field", words_ja: "filename は必須です",
        cause: "A file came without a name.", cause_ja: "ファイルに名前がありません。",
        cure: "Send the file with its name.", cure_ja: "名前を付けて送ってください。",
    },
    ErrorCode {
        number: 1551, http_status: 200, sent: Sent::Yes,
        words: "language service is not supported", words_ja: "この言語の組み合わせは扱えません",
        cause: "The language is unknown, or the pair is not offered at this tier.", cause_ja: "言語が不明、または組み合わせがこのティアにありません。",
        cure: "Choose one of the targets that the message lists.", cure_ja: "メッセージにある言語から選んでください。",
    },
    ErrorCode {
        number: 1601, http_status: 200, sent: Sent::Yes,
        words: "callback_url must be a valid URL", words_ja: "callback_url は正しい URL にしてください",
        cause: "The address is not absolute http or https, or may not be called.", cause_ja: "アドレスが http(s) の絶対 URL でない、または呼び出せない先です。",
        cure: "Send a public http or https address without user name.", cure_ja: "ユーザー名を含まない公開の http(s) アドレスを送ってください。",
    },
    ErrorCode {
        number: 1651, http_status: 200, sent: Sent::Yes,
        words: "auto_approve must be 0 or 1", words_ja: "auto_approve は 0 か 1 にしてください",
        cause: "The value is no boolean.", cause_ja: "値が真偽値ではありません。",
        cure: "Send 0 or 1.", cure_ja: "0 か 1 を送ってください。",
    },
    ErrorCode {
        number: 1701, http_status: 200, sent: Sent::Yes,
        words: "use_preferred must be 0 or 1", words_ja: "use_preferred は 0 か 1 にしてください",
        cause: "The value is no boolean.", cause_ja: "値が真偽値ではありません。",
        cure: "Send 0 or 1.", cure_ja: "0 か 1 を送ってください。",
    },
    ErrorCode {
        number: 1751, http_status: 200, sent: Sent::Yes,
        words: "\"custom_data\" is over maximum storage limit (1kb)", words_ja: "custom_data が上限（1 KB）を超えています",
        cause: "Your own data is too long.", cause_ja: "独自データが長すぎます。",
        cure: "Send at most 1,024 bytes.", cure_ja: "1,024 バイトまでにしてください。",
    },
    ErrorCode {
        number: 1754, http_status: 200, sent: Sent::Yes,
        words: "system detected an identical payload within a 5 minute window", words_ja: "5 分以内に同じ内容が送られました",
        cause: "The same forced order came twice, or an Idempotency-Key came with a different request.", cause_ja: "同じ強制注文が二度届いた、または Idempotency-Key が別の内容で使われました。",
        cure: "Send an Idempotency-Key of its own for each order.", cure_ja: "注文ごとに新しい Idempotency-Key を送ってください。",
    },
    ErrorCode {
        number: 1758, http_status: 200, sent: Sent::Yes,
        words: "custom_data must be of type string", words_ja: "custom_data は文字列にしてください",
        cause: "Your own data is no string.", cause_ja: "独自データが文字列ではありません。",
        cure: "Send a string, JSON encoded as text if need be.", cure_ja: "文字列で送ってください（JSON は文字列にして）。",
    },
    ErrorCode {
        number: 1800, http_status: 200, sent: Sent::Yes,
        words: "\"jobs\" is a required field", words_ja: "jobs は必須です",
        cause: "There are no jobs, too many, or a member is no job.", cause_ja: "ジョブがない、多すぎる、またはジョブでない要素があります。",
        cure: "Send 1 to 10,000 job objects.", cure_ja: "1～10,000 個のジョブを送ってください。",
    },
    ErrorCode {
        number: 1801, http_status: 200, sent: Sent::No("file quotes come with a later version; until then they answer 1802"),
        words: "jobs files mismatch", words_ja: "ジョブとファイルが合いません",
        cause: "Files came without a job.", cause_ja: "ジョブのないファイルがあります。",
        cure: "Send one job a file.", cure_ja: "ファイルごとにジョブを送ってください。",
    },
    ErrorCode {
        number: 1802, http_status: 200, sent: Sent::Yes,
        words: "file upload failed", words_ja: "ファイルの受け取りに失敗しました",
        cause: "A file could not be read, or file quotes are not available.", cause_ja: "ファイルを読めない、または見積もりが使えません。",
        cure: "Send the text itself.", cure_ja: "文章そのものを送ってください。",
    },
    ErrorCode {
        number: 1803, http_status: 200, sent: Sent::No("file quotes and glossary uploads come with a later version; until then they answer 1802 and 1352"),
        words: "missing file key", words_ja: "file_key がありません",
        cause: "A job names no file, or an upload has none.", cause_ja: "ジョブにファイルがありません。",
        cure: "Send the file under its file_key.", cure_ja: "file_key の名前でファイルを送ってください。",
    },
    ErrorCode {
        number: 1804, http_status: 200, sent: Sent::No("file jobs come with a later version; until then they answer 1301"),
        words: "jobs identifier missing", words_ja: "identifier がありません",
        cause: "A file job has no identifier.", cause_ja: "ファイルのジョブに identifier がありません。",
        cure: "Quote the file first.", cure_ja: "先に見積もりを取ってください。",
    },
    ErrorCode {
        number: 1851, http_status: 200, sent: Sent::Yes,
        words: "as_group must be 0 or 1", words_ja: "as_group は 0 か 1 にしてください",
        cause: "The value is no boolean.", cause_ja: "値が真偽値ではありません。",
        cure: "Send 0 or 1.", cure_ja: "0 か 1 を送ってください。",
    },
    ErrorCode {
        number: 1852, http_status: 200, sent: Sent::Yes,
        words: "allow fork is invalid", words_ja: "allow_fork が正しくありません",
        cause: "The value is no boolean.", cause_ja: "値が真偽値ではありません。",
        cure: "Send 0 or 1.", cure_ja: "0 か 1 を送ってください。",
    },
    ErrorCode {
        number: 1901, http_status: 200, sent: Sent::Yes,
        words: "process must be 0 or 1", words_ja: "process は 0 か 1 にしてください",
        cause: "The value is no boolean.", cause_ja: "値が真偽値ではありません。",
        cure: "Send 0 or 1.", cure_ja: "0 か 1 を送ってください。",
    },
    ErrorCode {
        number: 1950, http_status: 200, sent: Sent::Yes,
        words: "jobs cannot be grouped (different tiers, source or target languages)", words_ja: "グループにできません（ティアまたは言語が違います）",
        cause: "A group needs jobs of one pair and tier.", cause_ja: "グループのジョブは言語とティアが同じでなければなりません。",
        cure: "Send several orders, or as_group 0.", cure_ja: "注文を分けるか、as_group を 0 にしてください。",
    },
    ErrorCode {
        number: 1951, http_status: 200, sent: Sent::No("only legacy versions say so; here a single job is simply not grouped"),
        words: "cannot group a single job", words_ja: "一つのジョブはグループにできません",
        cause: "A group needs two jobs.", cause_ja: "グループにはジョブが二つ必要です。",
        cure: "Send as_group 0.", cure_ja: "as_group を 0 にしてください。",
    },
    ErrorCode {
        number: 1952, http_status: 200, sent: Sent::Yes,
        words: "ultra cannot be grouped", words_ja: "ultra はグループにできません",
        cause: "Jobs with an edit step are done one by one.", cause_ja: "編集工程のあるジョブはグループにできません。",
        cure: "Send as_group 0.", cure_ja: "as_group を 0 にしてください。",
    },
];
