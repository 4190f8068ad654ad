"""Orders, cancels, takes and submits from many threads; kill -9 at random moments; start again. At the end: everything
acknowledged is there, nothing is there twice, the money is right, every job on the board was called back. With CRASH_NODES
so many servers share the database; each call goes to any of them, and one at a time is killed."""

import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROUNDS, THREADS, NODES = 5, 6, int(os.environ.get("CRASH_NODES", "1"))
seed = int(os.environ.get("CRASH_SEED", "20261124"))
dice = random.Random(seed)
work = tempfile.mkdtemp()
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(NODES)]
ports = [probe.getsockname()[1] for probe in probes]
for probe in probes:
    probe.close()


class Receiver(http.server.BaseHTTPRequestHandler):
    available = set()

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        if self.headers["Honyaku-Event"] == "job.available":
            Receiver.available.add(json.loads(form["job"][0])["job_id"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
callback_url = f"http://127.0.0.1:{receiver.server_port}/"


def start(node):
    out = open(os.path.join(work, f"demo-{node}.json"), "w+")
    where = ["--listen", f"127.0.0.1:{ports[node]}", "--public-url", f"http://127.0.0.1:{ports[0]}", "--data-dir", work + "/data"]
    server = subprocess.Popen([os.environ["HONYAKU"], "demo", *where, "--log-level", "error"], stdout=out)
    for _ in range(400):
        if os.path.getsize(out.name):
            return server, json.load(open(out.name))
        time.sleep(0.025)
    sys.exit("the server did not start")


def call(method, path, data=None, key=None):
    """The answer, or None if the connection broke."""
    ts = str(int(time.time()))
    form = {"api_key": demo["public_key"], "ts": ts, "api_sig": hmac.new(demo["private_key"].encode(), ts.encode(), hashlib.sha1).hexdigest()}
    if data is not None:
        form["data"] = json.dumps(data)
    text = urllib.parse.urlencode(form)
    connection = http.client.HTTPConnection("127.0.0.1", random.choice(ports), timeout=20)
    try:
        if method in ("GET", "DELETE"):
            connection.request(method, f"/v2/{path}?{text}")
        else:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            if key:
                headers["Idempotency-Key"] = key
            connection.request(method, f"/v2/{path}", text, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status >= 500:
            refusals.append((response.status, answer["err"]["code"], response.headers.get("Retry-After", "")))
        return answer
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def ok(answer):
    return answer["response"] if answer and answer["opstat"] == "ok" else None


# Status, code and Retry-After of what was the server's own fault.
refusals = []
servers = []
for node in range(NODES):
    server, demo = start(node)
    servers.append(server)
assert ok(call("POST", "sandbox/credits", {"set": "900000.00"}))
sent, acknowledged, canceled, submitted = {}, {}, set(), {}
lock = threading.Lock()
stop = threading.Event()


def taken(job):
    """A translator takes the job as soon as it is on the board."""
    for _ in range(20):
        if stop.is_set() or ok(call("POST", f"sandbox/job/{job}/take", {})):
            return not stop.is_set()
        time.sleep(0.01)
    return False


def customer(number):
    own = random.Random(seed * 1000 + number)
    count = 0
    while not stop.is_set():
        count += 1
        key = f"{number}-{len(sent)}-{count}-{own.random()}"
        jobs = {f"j{index}": {"body_src": f"words {key} {index}", "lc_src": "en", "lc_tgt": "ja", "tier": "standard", "callback_url": callback_url} for index in range(own.randint(1, 8))}
        with lock:
            sent[key] = {"jobs": jobs}
        placed = ok(call("POST", "translate/jobs", {"jobs": jobs}, key))
        if not placed:
            time.sleep(0.02)
            continue
        with lock:
            acknowledged[key] = placed
        job = own.choice(list(placed["job_ids"].values()))
        what = own.random()
        if what < 0.3:
            if ok(call("DELETE", f"translate/job/{job}")) is not None:
                with lock:
                    canceled.add(job)
        elif what < 0.7 and taken(job):
            text = f"訳 {job}"
            if ok(call("POST", f"sandbox/job/{job}/submit", {"body_tgt": text})):
                with lock:
                    submitted[job] = text


threads = [threading.Thread(target=customer, args=(number,), daemon=True) for number in range(THREADS)]
for thread in threads:
    thread.start()
for _ in range(ROUNDS):
    time.sleep(dice.uniform(0.3, 2.0))
    node = dice.randrange(NODES)
    servers[node].send_signal(signal.SIGKILL)
    servers[node].wait()
    servers[node], demo = start(node)
time.sleep(1)
stop.set()
for thread in threads:
    thread.join()

# Whoever is refused because a server is coming or going is told to come again.
faults = [f"refused with {refusal}" for refusal in refusals if refusal[:2] != (503, 2800) or not refusal[2].isdigit()]
for key, data in sent.items():
    # The same call again: the first answer, or, if it never arrived, the order now.
    again = ok(call("POST", "translate/jobs", data, key))
    if again is None:
        faults.append(f"order {key} cannot be repeated")
    elif key in acknowledged and again != acknowledged[key]:
        faults.append(f"order {key} was acknowledged as {acknowledged[key]}, and is now {again}")
    else:
        acknowledged[key] = again

spent, jobs = 0, {}
for key, placed in acknowledged.items():
    order = ok(call("GET", f"translate/order/{placed['order_id']}"))
    if order is None or int(order["order"]["total_jobs"]) != placed["job_count"]:
        faults.append(f"order {placed['order_id']} is {order}")
    batch = ok(call("GET", "translate/jobs/" + ",".join(placed["job_ids"].values())))
    for job in batch["jobs"]:
        if job["job_id"] in jobs:
            faults.append(f"job {job['job_id']} belongs to two orders")
        jobs[job["job_id"]] = job
for identity, job in jobs.items():
    if job["status"] != "canceled":
        spent += round(float(job["credits"]) * 100)
    if identity in canceled and job["status"] != "canceled":
        faults.append(f"job {identity} was cancelled, and is {job['status']}")
    if identity in submitted and job.get("body_tgt") != submitted[identity]:
        faults.append(f"job {identity} was handed in, and is {job}")
balance = round(float(ok(call("GET", "account/balance"))["credits"]) * 100)
if balance != 90_000_000 - spent:
    faults.append(f"the balance is {balance}, the jobs cost {spent}")

deadline = time.time() + 30
expected = {identity for identity, job in jobs.items() if job["status"] != "canceled"}
while not expected <= Receiver.available and time.time() < deadline:
    call("POST", "sandbox/clock", {"forward": 60})
    time.sleep(0.2)
if not expected <= Receiver.available:
    faults.append(f"{len(expected - Receiver.available)} jobs were never called back")

for server in servers:
    server.terminate()
    server.wait()
verify = subprocess.run([os.environ["HONYAKU"], "verify", "--data-dir", work + "/data"], capture_output=True, text=True)
if verify.returncode:
    faults.append(verify.stdout)
for fault in faults[:20]:
    print(fault)
print(f"{NODES} nodes, {ROUNDS} kills, {len(acknowledged)} orders, {len(jobs)} jobs, {len(canceled)} cancelled, {len(submitted)} handed in; {len(faults)} faults (seed {seed})")
shutil.rmtree(work)
sys.exit(1 if faults else 0)
