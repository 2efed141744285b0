# uv, which installs the packages: the machine's own, else a private one by pip.

# As uv does not read pip's settings, hand on the two that decide whether it can reach its packages.
adopt_settings_of_pip() {
  local index
  index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
  if [[ -n $index && -z ${UV_DEFAULT_INDEX:-} && -z ${UV_INDEX_URL:-} ]]; then
    export UV_DEFAULT_INDEX=$index
  fi
  # The machine knows the certificates of its own network, uv's built-in list does not.
  if [[ -r /etc/ssl/certs/ca-certificates.crt ]]; then
    export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}
  fi
}

# Set $uv; leave it empty if the machine has neither uv nor a Python with pip.
find_uv() {
  adopt_settings_of_pip
  uv=$(command -v uv) || uv_from_pip python3 || uv=
}

# Set $uv to a private copy, of the version that Home Assistant pins, got with this Python's pip.
uv_from_pip() {
  local python=$1 home=$PWD/.bootstrap/uv
  uv=$home/bin/uv
  try "$uv" --version && return
  try "$python" -m pip --version || return
  echo "Getting uv" >&2
  try "$python" -m pip install --target "$home" --upgrade --root-user-action ignore "$(grep '^uv==' "$packages")"
}
