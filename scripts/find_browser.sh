#!/usr/bin/env bash
# Make sure that the browser tests have a browser: the system's Chromium where there is one, else
# Playwright's own download. Without either the tests say so and are skipped (tests/conftest.py).
#
#     scripts/find_browser.sh .venv/bin
set -u
if [ -x /usr/bin/chromium ] || timeout 600 "$1/playwright" install chromium >/dev/null 2>&1; then
    exit 0
fi
echo "No Chromium here and none could be downloaded: the browser tests are skipped." \
    "On Debian: apt install chromium libatomic1" >&2
