#!/usr/bin/env bash
# streamlit 1.67.0, playwright 1.65.0, Python 3.11, and a chromium on the PATH.
#
# A callback sets two query parameters, one after the other. The browser gets an entry in its history for each write,
# so one press of Back goes to a state that the app never showed: the first parameter with its new value, the second
# with its old one (or none). st.query_params.from_dict with both writes one entry, and Back undoes the change whole.
#
# Seen:
#   set one by one: ?galaxy=7&depth=2, after Back ?galaxy=7
#   set by from_dict: ?galaxy=7&depth=2, after Back (no parameters)
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check streamlit==1.67.0 playwright==1.65.0
cat > "$work/app.py" <<'PY'
import streamlit as st


def one_by_one():
    st.query_params["galaxy"] = "7"
    st.query_params["depth"] = "2"


def at_once():
    st.query_params.from_dict({"galaxy": "7", "depth": "2"})


st.button("one by one", on_click=one_by_one)
st.button("at once", on_click=at_once)
PY
port=$("$work/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$work/venv/bin/streamlit" run "$work/app.py" --server.port "$port" --server.address 127.0.0.1 --server.headless true \
  --browser.gatherUsageStats false > "$work/log" 2>&1 &
server=$!
"$work/venv/bin/python" - "http://127.0.0.1:$port/" <<'PY'
import shutil
import sys
import time
import urllib.request
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

url = sys.argv[1]
for _ in range(100):
    try:
        urllib.request.urlopen(f"{url}_stcore/health")
        break
    except OSError:
        time.sleep(0.3)
flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
found = []
with sync_playwright() as player:
    browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    for name, words in (("one by one", "set one by one"), ("at once", "set by from_dict")):
        page = browser.new_context().new_page()
        page.goto(url)
        page.get_by_role("button", name=name).click()
        page.wait_for_url("**/?galaxy=7&depth=2")
        page.wait_for_timeout(1000)
        page.go_back()
        page.wait_for_timeout(1000)
        query = urlsplit(page.url).query
        found.append(query)
        print(f"{words}: ?galaxy=7&depth=2, after Back {'?' + query if query else '(no parameters)'}")
    browser.close()
sys.exit(found != ["galaxy=7", ""])
PY
