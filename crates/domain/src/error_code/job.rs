//! Codes about jobs, orders and reviews.

use super::{ErrorCode, Sent};

/// The codes, ascending.
#[rustfmt::skip]
pub(super) const CODES: &[ErrorCode] = &[
    ErrorCode {
        number: 2000, http_status: 200, sent: Sent::Yes,
        words: "\"body\" is a required field", words_ja: "body は必須です",
        cause: "The comment is blank.", cause_ja: "コメントが空です。",
        cure: "Send the comment's text.", cure_ja: "コメントの本文を送ってください。",
    },
    ErrorCode {
        number: 2010, http_status: 200, sent: Sent::Yes,
        words: "invalid attachment", words_ja: "添付が正しくありません",
        cause: "An attachment is no public address, or there are too many.", cause_ja: "添付が公開アドレスでない、または多すぎます。",
        cure: "Send at most five objects with url, filename and mime_type.", cure_ja: "url、filename、mime_type を持つものを 5 個まで送ってください。",
    },
    ErrorCode {
        number: 2050, http_status: 200, sent: Sent::Yes,
        words: "job_id is required", words_ja: "job_id は必須です",
        cause: "The call names no job.", cause_ja: "ジョブが指定されていません。",
        cure: "Write the id into the path, or send job_ids.", cure_ja: "パスに id を書くか、job_ids を送ってください。",
    },
    ErrorCode {
        number: 2100, http_status: 200, sent: Sent::Yes,
        words: "unauthorized job access", words_ja: "このジョブは利用できません",
        cause: "There is no such job in this account and environment.", cause_ja: "このアカウントと環境にそのジョブはありません。",
        cure: "Check the id, and whether it belongs to the sandbox or to live.", cure_ja: "id と環境（サンドボックスか本番か）を確かめてください。",
    },
    ErrorCode {
        number: 2150, http_status: 200, sent: Sent::Yes,
        words: "revision_id is required", words_ja: "revision_id は必須です",
        cause: "The call names no revision.", cause_ja: "版が指定されていません。",
        cure: "Write the revision's id into the path.", cure_ja: "パスに版の id を書いてください。",
    },
    ErrorCode {
        number: 2200, http_status: 200, sent: Sent::Yes,
        words: "unauthorized revision access", words_ja: "この版は利用できません",
        cause: "The job has no such revision.", cause_ja: "ジョブにその版はありません。",
        cure: "List the revisions first.", cure_ja: "先に版の一覧を取ってください。",
    },
    ErrorCode {
        number: 2250, http_status: 200, sent: Sent::Yes,
        words: "job is not reviewable (incorrect state)", words_ja: "ジョブは確認待ちではありません",
        cause: "The action needs a delivered job.", cause_ja: "納品済みのジョブでなければできません。",
        cure: "Wait until the job is reviewable.", cure_ja: "reviewable になるまでお待ちください。",
    },
    ErrorCode {
        number: 2251, http_status: 200, sent: Sent::Yes,
        words: "job cannot be purchased (incorrect state)", words_ja: "ジョブは購入できません",
        cause: "Only unpaid jobs can be bought.", cause_ja: "購入できるのは未払いのジョブだけです。",
        cure: "Look at the job's status first.", cure_ja: "先に状態を確かめてください。",
    },
    ErrorCode {
        number: 2252, http_status: 200, sent: Sent::Yes,
        words: "job cannot be cancelled (incorrect state)", words_ja: "ジョブはキャンセルできません",
        cause: "Work has begun, or the job is over.", cause_ja: "作業が始まったか、終わっています。",
        cure: "Only unpaid, queued and available jobs can be cancelled.", cure_ja: "unpaid、queued、available のジョブだけがキャンセルできます。",
    },
    ErrorCode {
        number: 2300, http_status: 200, sent: Sent::Yes,
        words: "\"comment\" is a required field", words_ja: "comment は必須です",
        cause: "Corrections and rejections need words.", cause_ja: "修正依頼と却下には説明が必要です。",
        cure: "Say what is to be changed or what is wrong.", cure_ja: "何を直すか、何が悪いかを書いてください。",
    },
    ErrorCode {
        number: 2350, http_status: 200, sent: Sent::Yes,
        words: "\"reason\" is a required field", words_ja: "reason は必須です",
        cause: "A rejection needs a reason.", cause_ja: "却下には理由が必要です。",
        cure: "Send quality, incomplete or other.", cure_ja: "quality、incomplete、other のいずれかを送ってください。",
    },
    ErrorCode {
        number: 2400, http_status: 200, sent: Sent::Yes,
        words: "\"captcha\" is a required field", words_ja: "captcha は必須です",
        cause: "This installation asks for the picture's text.", cause_ja: "画像の文字が必要です。",
        cure: "Send the text of the picture at captcha_url.", cure_ja: "captcha_url の画像の文字を送ってください。",
    },
    ErrorCode {
        number: 2401, http_status: 200, sent: Sent::Yes,
        words: "invalid captcha challenge", words_ja: "画像の文字が違います",
        cause: "The text does not match the picture.", cause_ja: "文字が画像と合いません。",
        cure: "Read the new picture that the answer names.", cure_ja: "回答にある新しい画像を読んでください。",
    },
    ErrorCode {
        number: 2450, http_status: 200, sent: Sent::Yes,
        words: "invalid follow-up value", words_ja: "follow_up が正しくありません",
        cause: "follow_up is neither requeue nor cancel.", cause_ja: "follow_up が requeue でも cancel でもありません。",
        cure: "Send requeue or cancel.", cure_ja: "requeue か cancel を送ってください。",
    },
    ErrorCode {
        number: 2500, http_status: 200, sent: Sent::Yes,
        words: "\"rating\" is a required field", words_ja: "rating は必須です",
        cause: "The account rates every job.", cause_ja: "このアカウントではすべてのジョブを評価します。",
        cure: "Send rating, 1 to 5.", cure_ja: "rating を 1～5 で送ってください。",
    },
    ErrorCode {
        number: 2501, http_status: 200, sent: Sent::Yes,
        words: "rating must be a numeric value between 1 and 5", words_ja: "rating は 1～5 の数字にしてください",
        cause: "The rating is no number.", cause_ja: "評価が数字ではありません。",
        cure: "Send a number from 1 to 5.", cure_ja: "1～5 の数字を送ってください。",
    },
    ErrorCode {
        number: 2502, http_status: 200, sent: Sent::Yes,
        words: "rating must be between 1 and 5", words_ja: "rating は 1～5 にしてください",
        cause: "The rating is outside.", cause_ja: "評価が範囲外です。",
        cure: "Send 1, 2, 3, 4 or 5.", cure_ja: "1、2、3、4、5 のいずれかを送ってください。",
    },
    ErrorCode {
        number: 2503, http_status: 200, sent: Sent::Yes,
        words: "public flag must be a boolean", words_ja: "public は真偽値にしてください",
        cause: "The value is no boolean.", cause_ja: "値が真偽値ではありません。",
        cure: "Send 0 or 1.", cure_ja: "0 か 1 を送ってください。",
    },
    ErrorCode {
        number: 2550, http_status: 200, sent: Sent::Yes,
        words: "jobs' group id is missing", words_ja: "グループの id がありません",
        cause: "The path ends before the id.", cause_ja: "パスに id がありません。",
        cure: "Write the group's id into the path.", cure_ja: "パスにグループの id を書いてください。",
    },
    ErrorCode {
        number: 2600, http_status: 200, sent: Sent::Yes,
        words: "unauthorized job group access", words_ja: "このグループは利用できません",
        cause: "There is no such group in this account.", cause_ja: "このアカウントにそのグループはありません。",
        cure: "Use a group_id that an order answered.", cure_ja: "注文の回答にある group_id を使ってください。",
    },
    ErrorCode {
        number: 2650, http_status: 200, sent: Sent::Yes,
        words: "invalid job status", words_ja: "ジョブの状態が正しくありません",
        cause: "The status is unknown, or does not allow the action.", cause_ja: "状態が不明、またはその操作ができない状態です。",
        cure: "The message names what is possible.", cure_ja: "できることはメッセージにあります。",
    },
    ErrorCode {
        number: 2700, http_status: 200, sent: Sent::Yes,
        words: "not enough credits", words_ja: "クレジットが足りません",
        cause: "The order costs more than there is, or than the key may spend.", cause_ja: "残高、またはキーの上限を超えています。",
        cure: "Top up, or raise the key's limit.", cure_ja: "クレジットを追加するか、上限を上げてください。",
    },
    ErrorCode {
        number: 2750, http_status: 200, sent: Sent::Yes,
        words: "unauthorized order access", words_ja: "この注文は利用できません",
        cause: "There is no such order in this account and environment.", cause_ja: "このアカウントと環境にその注文はありません。",
        cure: "Check the id and the environment.", cure_ja: "id と環境を確かめてください。",
    },
    ErrorCode {
        number: 2751, http_status: 200, sent: Sent::No("the changes of an account come one after the other: a cancellation never has to wait"),
        words: "order is still in the queue", words_ja: "注文はまだ待ち行列にあります",
        cause: "A worker holds the order at this moment.", cause_ja: "いま処理中です。",
        cure: "Try again in a second.", cure_ja: "1 秒後にもう一度試してください。",
    },
    ErrorCode {
        number: 2752, http_status: 200, sent: Sent::Yes,
        words: "\"tone\" is over 128 characters", words_ja: "tone が 128 文字を超えています",
        cause: "The tone is too long.", cause_ja: "tone が長すぎます。",
        cure: "Shorten it.", cure_ja: "短くしてください。",
    },
    ErrorCode {
        number: 2753, http_status: 200, sent: Sent::Yes,
        words: "\"purpose\" is over 128 characters", words_ja: "purpose が 128 文字を超えています",
        cause: "The purpose is too long.", cause_ja: "purpose が長すぎます。",
        cure: "Shorten it.", cure_ja: "短くしてください。",
    },
    ErrorCode {
        number: 2800, http_status: 503, sent: Sent::Yes,
        words: "API temporarily unavailable", words_ja: "API は一時的に利用できません",
        cause: "The server is overloaded, stopping, or had a fault of its own.", cause_ja: "サーバーが混雑、停止中、または内部で失敗しました。",
        cure: "Wait as long as Retry-After says, then send the same call again.", cure_ja: "Retry-After の時間を待って、同じ呼び出しを送ってください。",
    },
];
