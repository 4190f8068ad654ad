"""Runs the README's commands for a real server, as they stand there but for the port, and orders with the key that they make."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
readme = open(os.path.join(root, "README.md"), encoding="utf-8").read()
parts = dict(re.findall(r"<!-- real: (\w+) -->\n```sh\n(.*?)```", readme, re.S))
assert set(parts) == {"serve", "beside"}, "the commands are gone from the README"
*before, serve = parts["serve"].splitlines()

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % probe.getsockname()[1]
assert serve.startswith("honyaku serve --listen 0.0.0.0:8080 ")
serve = serve.replace("0.0.0.0:8080", address)

work = tempfile.mkdtemp()
os.mkdir(os.path.join(work, "bin"))
os.symlink(os.path.abspath(os.environ["HONYAKU"]), os.path.join(work, "bin", "honyaku"))
# What the README says holds without any settings of this machine.
env = {name: value for name, value in os.environ.items() if not name.startswith("HONYAKU")}
env["PATH"] = os.path.join(work, "bin") + os.pathsep + env["PATH"]


def shell(script):
    done = subprocess.run(["bash", "-euc", script], cwd=work, env=env, capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(f"it stopped: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def ready():
    try:
        return urllib.request.urlopen(f"http://{address}/readyz", timeout=5).status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


server = None
try:
    key = next(line for line in map(json.loads, shell("\n".join(before)).splitlines()) if "private_key" in line)
    server = subprocess.Popen(["bash", "-c", f"exec {serve}"], cwd=work, env=env, stderr=open(os.path.join(work, "log"), "w"))
    deadline = time.monotonic() + 30
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("it does not serve: " + open(os.path.join(work, "log")).read()[-2000:])
        time.sleep(0.05)
    signed = ["-u", f"{key['public_key']}:{key['private_key']}", f"http://{address}/v2/translate/jobs"]
    order = '{"jobs":{"greeting":{"body_src":"Hello, world!","lc_src":"en","lc_tgt":"ja","tier":"standard"}}}'
    answer = json.loads(subprocess.check_output(["curl", "-s", *signed, "--data-urlencode", f"data={order}"]))
    assert answer["opstat"] == "ok", answer
    shown = shell(parts["beside"])
    for expected in ("data_dir = honyaku-data", "ok    database: ", "all is well: "):
        assert expected in shown, f"the commands do not show {expected}"
    assert os.path.exists(os.path.join(work, "backup", "honyaku.sqlite")), "there is no backup"
finally:
    if server:
        server.terminate()
        server.wait()
    shutil.rmtree(work)
print("the README's commands for a real server work")
