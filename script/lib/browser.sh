# The browser for the tests: Chromium or a relative of it.

# Set and export $CHROMIUM.
find_browser() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    CHROMIUM=$(command -v "$name") && export CHROMIUM && return
  done
  return 1
}
