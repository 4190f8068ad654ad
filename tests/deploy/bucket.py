"""The compose file's service that makes the bucket: it succeeds with and without one there, and not with a wrong password."""

import json
import os
import subprocess
import sys

import yaml

store = json.loads(sys.argv[1])
services = yaml.safe_load(open("deploy/compose/compose.yaml"))
json.loads(services["configs"]["files"]["content"])
script = services["services"]["bucket"]["command"][0].replace("$$", "$")
script = script.replace("http://files:8333/honyaku", store["endpoint"] + "/honyaku")
script = script.replace('"honyaku:$', f'"{store["access_key_id"]}:$')
right = store["secret_access_key"]
for password, expected in ((right, 0), (right, 0), ("wrong", 124)):
    env = os.environ | {"FILES_PASSWORD": password}
    code = subprocess.run(["timeout", "5" if password == "wrong" else "30", "sh", "-c", script], env=env).returncode
    if code != expected:
        sys.exit(f"it ends with {code}, not {expected}")
