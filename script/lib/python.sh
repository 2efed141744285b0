# A Python that Home Assistant runs on.

readonly versions='>=3.14.2,<3.15'

# New enough, and with the headers that packages without a ready-made wheel compile against.
is_suitable() {
  try "$1" -IS -c '
import sys, sysconfig
from pathlib import Path
ok = (3, 14, 2) <= sys.version_info < (3, 15)
sys.exit(not (ok and Path(sysconfig.get_path("include"), "Python.h").exists()))'
}

# Set $python.
find_python() {
  python_on_machine || python_from_uv || python_from_debian ||
    fail "Install Python $versions with its headers, which Home Assistant needs, and start again (see $log)."
}

python_on_machine() {
  local name
  for name in python3.14 python3; do
    python=$(command -v "$name") && is_suitable "$python" && return
  done
  return 1
}

# uv finds the Pythons that it installed before, and downloads one otherwise. Where its download site
# is out of reach, this has to fail soon: no retries, and a short wait for the first answer.
python_from_uv() {
  [[ -n $uv ]] || return
  UV_HTTP_RETRIES=0 UV_HTTP_CONNECT_TIMEOUT=5 try "$uv" python install --no-bin "$versions" || return
  python=$("$uv" python find --system --managed-python "$versions") && is_suitable "$python"
}
