# What the parts of the bootstrap share.

readonly log=.bootstrap/log

# Run a command quietly under a headline; when it fails, show what it said and stop.
run() {
  local headline=$1
  shift
  echo "$headline" >&2
  try "$@" && return
  cat "$log" >&2
  fail "$headline: failed."
}

# Run a command that may fail because there is another way: what it says stays in the log.
try() {
  "$@" >"$log" 2>&1 </dev/null
}

fail() {
  echo "$*" >&2
  exit 1
}

# Wait for any other bootstrap of this folder. The lock ends with this process.
one_at_a_time() {
  command -v flock >/dev/null || return 0 # macOS has none, and there nothing starts two at once
  exec 9>.bootstrap/lock
  flock 9
}
