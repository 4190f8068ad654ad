"""Takes the README's tour word by word: its shell commands in one shell, its Python with the real client."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
readme = open(os.path.join(root, "README.md"), encoding="utf-8").read()
parts = re.findall(r"<!-- tour: (\w+) -->\n```\w+\n(.*?)```", readme, re.S)
assert [kind for kind, _ in parts].count("shell") >= 6, "the tour is gone from the README"

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
work = tempfile.mkdtemp()
demo = open(os.path.join(work, "demo.json"), "w")
start = next(text for kind, text in parts if kind == "start")
assert "./target/release/honyaku demo --listen 127.0.0.1:8080 > demo.json &" in start
server = subprocess.Popen([os.environ["HONYAKU"], "demo", "--listen", f"127.0.0.1:{port}"], stdout=demo)
try:
    for _ in range(200):
        if os.path.getsize(demo.name):
            break
        time.sleep(0.05)
    json.load(open(demo.name))
    script, sources = ["set -eu"], []
    for kind, text in parts:
        text = text.replace("8080", str(port))
        if kind == "shell":
            script.append(re.sub(r"^curl -s", "ask", text, flags=re.M))
        elif kind == "python":
            open(os.path.join(work, "tour.py"), "w").write(text)
            script.append(f"{root}/target/venv/bin/python tour.py")
    ask = 'ask() { out=$(curl -s "$@"); echo "$out"; case $out in *\'"opstat":"ok"\'*) ;; *) exit 1 ;; esac; }'
    script.insert(1, ask)
    done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=work, capture_output=True, text=True, timeout=120)
    print(done.stdout[-3000:])
    if done.returncode:
        sys.exit(f"the tour stopped: {done.stderr[-2000:]}")
    for expected in ['"credits":"1000.00"', '"credits_used"', "こんにちは、世界！", "job.reviewable", '"mode":"automatic"', '"credits_spent"']:
        assert expected in done.stdout, f"the tour does not show {expected}"
finally:
    server.terminate()
    server.wait()
    shutil.rmtree(work)
print("the README's tour works")
