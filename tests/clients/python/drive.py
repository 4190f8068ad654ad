"""The Python client `gengo` from PyPI, unmodified, through every method it has."""

import collections
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse
import urllib.request

import gengo.mockdb
from gengo import Gengo, GengoAuthError, GengoError

demo = json.load(open(os.environ["DEMO"]))
base = demo["api_base"].removesuffix("/v2/")
client = Gengo(public_key=demo["public_key"], private_key=demo["private_key"], api_url=base + "/{version}")
checks, called = 0, set()


def check(what, holds, shown=None):
    global checks
    checks += 1
    print(("ok   " if holds else "FAIL ") + what)
    if not holds:
        sys.exit(f"{what}: {shown!r}")


def call(method, **arguments):
    """A client's method; its `response`."""
    called.add(method)
    answer = getattr(client, method)(**arguments)
    assert answer["opstat"] == "ok", answer
    return answer["response"]


def refused(code, method, **arguments):
    called.add(method)
    try:
        answer = getattr(client, method)(**arguments)
    except GengoError as error:
        check(f"{method} is refused with {code}", error.error_code == code, (error.error_code, error.msg))
        return error.msg
    check(f"{method} is refused with {code}", False, answer)


def signed(path, data=None, method="POST"):
    """A call that no client knows, signed like theirs; the whole answer."""
    ts = str(int(time.time()))
    parameters = {
        "api_key": demo["public_key"], "ts": ts,
        "api_sig": hmac.new(demo["private_key"].encode(), ts.encode(), hashlib.sha1).hexdigest(),
    }
    if method != "GET":
        parameters["data"] = json.dumps(data or {})
    form = urllib.parse.urlencode(parameters)
    url = demo["api_base"] + path
    if method == "GET":
        request = urllib.request.Request(url + "?" + form)
    else:
        request = urllib.request.Request(url, data=form.encode(), method=method)
    return json.load(urllib.request.urlopen(request))


def control(path, data=None, method="POST"):
    """The sandbox's controls; their `response`."""
    answer = signed("sandbox/" + path, data, method)
    assert answer["opstat"] == "ok", answer
    return answer["response"]


def until(what, done):
    for _ in range(400):
        if done():
            return
        time.sleep(0.025)
    sys.exit(f"never: {what}")


class Receiver(http.server.BaseHTTPRequestHandler):
    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = urllib.parse.parse_qs(body)
        Receiver.received.append((self.headers["Honyaku-Event"], {name: json.loads(value[0]) for name, value in form.items()}))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
callback_url = f"http://127.0.0.1:{receiver.server_port}/callback"


def job(text, **more):
    return {"type": "text", "slug": "s", "body_src": text, "lc_src": "en", "lc_tgt": "ja", "tier": "standard", **more}


check("balance", call("getAccountBalance") == {"credits": "1000.00", "currency": "USD"})
check("stats", call("getAccountStats")["credits_spent"] == "0.00")
check("me", call("getAccountMe")["email"] == "customer@demo.invalid")
check("preferred translators", call("getPreferredTranslators") == [])
check("languages", len(call("getServiceLanguages")) == 39)
check("pairs", {"lc_src": "en", "lc_tgt": "ja", "tier": "pro", "unit_price": "0.1200", "currency": "USD"} in call("getServiceLanguagePairs"))
check("pairs of a source", all(pair["lc_src"] == "ko" for pair in call("getServiceLanguagePairs", lc_src="ko")))
check("matrix", "standard" in call("getServiceLanguageMatrix")["en"]["ja"])

check("credits are topped up", control("credits", {"amount": "100.00"})["credits"] == "1100.00" and call("getAccountBalance")["credits"] == "1100.00")

glossaries = call("getGlossaryList")
check("glossaries", glossaries[0]["title"] == "terms.csv")
check("glossary", call("getGlossary", id=glossaries[0]["id"])["unit_count"] == 1)
check("unknown glossary", "Requested Resource Not Found" in refused(404, "getGlossary", id=99))
# No client of these three uploads one.
upload = signed("translate/glossary", {})["err"]
check("a glossary upload says so", upload["code"] == 1352 and "not available on this server yet" in upload["msg"], upload)

quote = call("determineTranslationCost", jobs={"job_1": job("Hello world"), "job_2": job("Bye", tier="pro")})
check("quote", quote["jobs"]["job_1"]["credits"] == 0.1 and quote["jobs"]["job_2"]["unit_count"] == 1, quote)
path = os.path.join(os.path.dirname(os.environ["DEMO"]), "file.txt")
open(path, "w").write("words in a file")
message = refused(1802, "determineTranslationCost", jobs={"f": {"type": "file", "file_path": path, "lc_src": "en", "lc_tgt": "ja", "tier": "standard"}})
check("a file quote says so", "not available on this server yet" in message, message)

order = call("postTranslationJobs", jobs={"jobs": {
    "job_1": job("Hello, world!", callback_url=callback_url, custom_data="mine"),
    "job_2": job("Reject me", callback_url=callback_url), "job_3": job("Cancel me"),
}, "comment": "for all of it", "reference_id": "r-1"})
check("order", order["credits_used"] == "0.30" and order["job_count"] == 3, order)
one, two, three = (order["job_ids"][key] for key in ("job_1", "job_2", "job_3"))
overview = lambda: call("getTranslationOrderJobs", id=order["order_id"])["order"]
until("the queue is worked", lambda: overview()["jobs_queued"] == 0)
check("order's jobs", overview()["jobs_available"] == [one, two, three] and overview()["reference_id"] == "r-1")
check("order's comments", call("getOrderComments", id=order["order_id"])["thread"][0]["body"] == "for all of it")
call("postOrderComment", id=order["order_id"], comment={"body": "one more"})
check("order's comment is there", len(call("getOrderComments", id=order["order_id"])["thread"]) == 2)

again = call("postTranslationJobs", jobs={"jobs": {"job_1": job("Hello, world!"), "job_9": job("New one")}})
check("lazy loading", again["jobs"]["job_1"][0]["job_id"] == one and again["credits_used"] == "0.10", again)
message = refused(1301, "postTranslationJobs", jobs={"jobs": {"x": {"type": "file", "identifier": "y"}}})
check("a file job says so", "not available on this server yet" in message, message)
message = refused(1500, "postTranslationJobs", jobs={"jobs": {"fine": job("Not stored"), "x": {"body_src": "x", "lc_src": "en", "lc_tgt": "ja"}}})
check("a fault names its job, and only that", message.startswith("<x: ") and "fine" not in message, message)
refused(1800, "postTranslationJobs", jobs={"jobs": {}})

check("no feedback yet", call("getTranslationJobFeedback", id=one)["feedback"] == {"rating": "0.0", "for_translator": ""})
refused(2250, "updateTranslationJob", id=one, action={"action": "approve"})
control(f"job/{one}/take")
check("a translator has it", call("getTranslationJob", id=one)["job"]["status"] == "pending")
refused(2252, "deleteTranslationJob", id=one)
control(f"job/{one}/release")
check("given back", call("getTranslationJob", id=one)["job"]["status"] == "available")
control(f"job/{one}/take")
call("postTranslationJobComment", id=one, comment={"body": "be nice"})
control(f"job/{one}/comment", {"body": "Which world?"})
call("postTranslationJobComment", id=one, comment={"body": "with a file"}, file_attachments=[path])
attached = call("getTranslationJobComments", id=one)["thread"][-1]["attachments"][0]
check("an attached file", attached["filename"] == "file.txt" and urllib.request.urlopen(attached["url"]).read() == b"words in a file", attached)
thread = call("getTranslationJobComments", id=one)["thread"]
check("comments", [comment["author"] for comment in thread] == ["customer", "translator", "customer"], thread)
control(f"job/{one}/submit", {"body_tgt": "こんにちは"})
payload = call("getTranslationJob", id=one)["job"]
check("reviewable", payload["status"] == "reviewable" and payload["body_tgt"] == "こんにちは" and payload["custom_data"] == "mine")
picture = urllib.request.urlopen(payload["captcha_url"])
check("the captcha is a picture", picture.headers["content-type"] == "image/png" and picture.read(4) == b"\x89PNG")
preview = urllib.request.urlopen(payload["preview_url"])
check("the preview is an empty picture yet", preview.headers["content-type"] == "image/jpeg" and preview.read() == b"")
refused(2300, "updateTranslationJob", id=one, action={"action": "revise"})
call("updateTranslationJob", id=one, action={"action": "revise", "comment": "more polite"})
payload = call("getTranslationJob", id=one)["job"]
check("revising, with what was delivered", payload["status"] == "revising" and payload["body_tgt"] == "こんにちは", payload)
control(f"job/{one}/submit", {"body_tgt": "こんにちは、世界！"})
revisions = call("getTranslationJobRevisions", id=one)["revisions"]
check("revisions", len(revisions) == 2)
revision = call("getTranslationJobRevision", id=one, revision_id=revisions[0]["rev_id"])
check("first revision", revision["revision"]["body_tgt"] == "こんにちは")
refused(2502, "updateTranslationJob", id=one, action={"action": "approve", "rating": 6})
call("updateTranslationJob", id=one, action={"action": "approve", "rating": 4, "for_translator": "thanks"})
check("approved", call("getTranslationJob", id=one)["job"]["status"] == "approved")
check("feedback", call("getTranslationJobFeedback", id=one)["feedback"] == {"rating": "4.0", "for_translator": "thanks"})

control(f"job/{two}/take")
control(f"job/{two}/submit", {"body_tgt": "x"})
refused(2401, "updateTranslationJob", id=two, action={"action": "reject", "reason": "quality", "comment": "bad", "captcha": "NOPE99", "follow_up": "cancel"})
answer = control(f"job/{two}/captcha", method="GET")["captcha"]
call("updateTranslationJob", id=two, action={"action": "reject", "reason": "quality", "comment": "bad", "captcha": answer, "follow_up": "cancel"})
check("rejected", call("getTranslationJob", id=two)["job"]["status"] == "rejected")

call("deleteTranslationJob", id=three)
check("canceled", call("getTranslationJob", id=three)["job"]["status"] == "canceled")
refused(2252, "deleteTranslationJob", id=three)
refused(2100, "getTranslationJob", id=123456)

batch = call("getTranslationJobBatch", id=f"{one},{two}")
check("batch", [job["job_id"] for job in batch["jobs"]] == [one, two])
check("list", call("getTranslationJobs", status="approved")[0]["job_id"] == one)
open_job = again["job_ids"]["job_9"]
message = refused(2650, "updateTranslationJobs", action={"action": "archive", "job_ids": [one, open_job]})
check("the refusal names the job that is not finished", f"job {open_job} " in message, message)
check("archived", call("updateTranslationJobs", action={"action": "archive", "job_ids": [one, two]}) == {})
refused(2050, "updateTranslationJobs", action={"action": "archive"}, job_ids=[one, two])

group = call("postTranslationJobs", jobs={"jobs": {"a": job("group one"), "b": job("group two")}, "as_group": 1})
members = signed(f"translate/jobs/group/{group['group_id']}", method="GET")["response"]["jobs"]
check("group", [member["job_id"] for member in members] == [group["job_ids"][key] for key in "ab"], members)
refused(1950, "postTranslationJobs", jobs={"jobs": {"a": job("group three"), "b": job("group four", tier="pro")}, "as_group": 1})
call("deleteTranslationOrder", id=group["order_id"])
check("order canceled", len(call("getTranslationOrderJobs", id=group["order_id"])["order"]["jobs_cancelled"]) == 2)

control("robot", {"mode": "instant"}, method="PUT")
robots = call("postTranslationJobs", jobs={"jobs": {"job_1": job("For the robot"), "job_2": job("At once", auto_approve=1)}})["job_ids"]
until("the robot delivers", lambda: call("getTranslationJob", id=robots["job_1"])["job"]["status"] == "reviewable")
until("and it is approved", lambda: call("getTranslationJob", id=robots["job_2"])["job"]["status"] == "approved")
control("robot", {"mode": "off"}, method="PUT")

# The first job is given back once and corrected once, which the translator comments; the second is rejected.
# That, and nothing for one's own calls.
expected = collections.Counter({"job.available": 2, "job.started": 3, "job.reviewable": 3, "comment.created": 2})
until("callbacks", lambda: len(Receiver.received) >= expected.total())
time.sleep(0.2)  # One too many would come now.
events = collections.Counter(event for event, _ in Receiver.received)
check("callbacks", events == expected, Receiver.received)
jobs = [form["job"] for event, form in Receiver.received if event.startswith("job.")]
check("callbacks carry the job", all(sent["job_id"] in (one, two) and sent["unit_type"] == "word" and sent["eta"] is not None for sent in jobs), jobs)
check("and what the customer has put into it", {sent["job_id"]: sent.get("custom_data") for sent in jobs} == {one: "mine", two: None}, jobs)
comment = next(form["comment"] for event, form in Receiver.received if event == "comment.created")
check("a callback carries the comment", (comment["job_id"], comment["body"], comment["author"]) == (one, "Which world?", "translator"), comment)

stranger = Gengo(public_key=demo["public_key"], private_key="wrong", api_url=base + "/{version}")
try:
    stranger.getAccountBalance()
    check("a wrong signature raises", False)
except GengoAuthError:
    check("a wrong signature raises the client's own error", True)

message = refused(2650, "getTranslationJobs", status="a b")
check("broken in the client: a GET's values are percent-encoded twice", "a%20b" in message, message)
try:
    client.postTranslationJobs(jobs={"jobs": [job("a list")]})
    check("broken in the client: no list of jobs", False)
except AttributeError:
    check("broken in the client: no list of jobs", True)

missing = set(gengo.mockdb.apihash) - called
check("every method of the client was called", not missing, missing)
print(f"python: {checks} checks")
