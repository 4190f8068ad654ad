"""A body of just under 100 MB is ordered, one of 101 MB is refused, and the server stays under 300 MB of memory."""

import concurrent.futures
import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

LIMIT = 100 * 1024 * 1024
MEMORY_MOST_KB = 300 * 1024
CROWD_MOST_KB = 900 * 1024

work = tempfile.mkdtemp()
out = open(os.path.join(work, "demo.json"), "w+")
server = subprocess.Popen([os.environ["HONYAKU"], "demo", "--listen", "127.0.0.1:0", "--log-level", "error"], stdout=out)
try:
    for _ in range(400):
        if os.path.getsize(out.name):
            break
        time.sleep(0.025)
    demo = json.load(open(out.name))
    host = demo["api_base"].split("/")[2]

    def query():
        ts = str(int(time.time()))
        signature = hmac.new(demo["private_key"].encode(), ts.encode(), hashlib.sha1).hexdigest()
        return f"api_key={demo['public_key']}&ts={ts}&api_sig={signature}"

    def post(path, body):
        connection = http.client.HTTPConnection(host, timeout=120)
        connection.request("POST", f"/v2/{path}?{query()}", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def peak_kb():
        for line in open(f"/proc/{server.pid}/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1])

    assert post("sandbox/credits", json.dumps({"set": "1000000.00"}))[1]["opstat"] == "ok"
    filler = "word " * 1_990
    jobs = [{"body_src": f"{index} {filler}", "lc_src": "en", "lc_tgt": "ja", "tier": "standard"} for index in range(10_000)]
    body = json.dumps({"jobs": jobs}).encode()
    assert 0.95 * LIMIT < len(body) <= LIMIT, len(body)
    began = time.time()
    status, answer = post("translate/jobs", body)
    assert answer["opstat"] == "ok", str(answer)[:300]
    assert answer["response"]["job_count"] == 10_000
    print(f"{len(body) / 1e6:.0f} MB, 10,000 jobs: accepted in {time.time() - began:.1f} s, peak memory {peak_kb() // 1024} MB")
    time.sleep(5)
    after = peak_kb()
    with socket.create_connection(host.split(":")) as refused:
        refused.sendall(f"POST /v2/translate/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT + 1024 * 1024}\r\n\r\n".encode())
        head = refused.recv(64)
    assert b"413" in head, head
    print(f"101 MB: refused before it was read; peak memory {peak_kb() // 1024} MB")
    if after >= MEMORY_MOST_KB:
        sys.exit("over 300 MB of memory")

    # Anybody can send large bodies: many at once wait for each other, also while they are decoded.
    def anonymous(_):
        connection = http.client.HTTPConnection(host, timeout=120)
        connection.request("POST", "/v2/translate/jobs", b"data=" + b"%7b" * (33 * 1024 * 1024), {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(connection.getresponse().read())["err"]["code"]

    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(anonymous, range(8))) == {1150}
    print(f"8 x 99 MB at once from nobody: refused; peak memory {peak_kb() // 1024} MB")

    # Over HTTP/2 a body has no announced length, and nothing says so.
    def over_http2(_):
        url = f"http://{host}/v2/translate/jobs"
        curl = ["curl", "-s", "--http2-prior-knowledge", "-X", "POST", "-T", "-", url]
        sent = subprocess.run(curl, input=b"data=" + b"%7b" * (33 * 1024 * 1024), stdout=subprocess.PIPE, timeout=300)
        return json.loads(sent.stdout)["err"]["code"]

    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        codes = set(crowd.map(over_http2, range(8)))
    assert codes <= {1150, 1350, 1800}, codes
    print(f"8 x 99 MB at once over HTTP/2: refused; peak memory {peak_kb() // 1024} MB")
    sys.exit(0 if peak_kb() < CROWD_MOST_KB else "over 900 MB of memory")
finally:
    server.kill()
    server.wait()
