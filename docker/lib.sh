# shellcheck shell=bash disable=SC2034,SC2154
# Shared by docker/build and docker/try; sourced after scripts/lib.sh with $here set to the root of the repository.

version=$(sed -n 's/^project(simclr VERSION \([0-9.]*\).*/\1/p' "$here/CMakeLists.txt")

# Restarts the calling script in a mount namespace of its own, so that no mount of buildah's outlives it and its storage
# can be removed like any folder.
with_own_mounts() {  # the script's arguments
  [ "$(id -u)" = 0 ] || die "run it as root: chroot isolation and the owners of the images' files need that"
  [ -n "${SIMCLR_OWN_MOUNTS:-}" ] || SIMCLR_OWN_MOUNTS=1 exec unshare --mount "$0" "$@"
}

# The storage driver that works in a folder: overlay, or vfs (copies, slower) where overlays cannot be mounted.
storage_driver() {  # folder
  local trial driver=vfs
  trial=$(mktemp -d "$1/trial.XXXXXX")
  mkdir "$trial"/{lower,upper,merged,scratch}
  if mount -t overlay overlay "$trial/merged" \
    -o "lowerdir=$trial/lower,upperdir=$trial/upper,workdir=$trial/scratch" 2>/dev/null; then
    umount "$trial/merged"
    driver=overlay
  fi
  rm -rf "$trial"
  echo "$driver"
}

# Lets buildah work without an engine and with its storage below a folder.
use_storage() {  # folder
  mkdir -p "$1"
  export CONTAINERS_STORAGE_CONF=$1/storage.conf BUILDAH_ISOLATION=chroot
  [ -e "$CONTAINERS_STORAGE_CONF" ] || cat >"$CONTAINERS_STORAGE_CONF" <<EOF
[storage]
driver = "$(storage_driver "$1")"
graphroot = "$1/storage"
runroot = "$1/run"
EOF
}

# Runs a command with the root of an image, mounted, as its last argument.
with_root_of() {  # image command...
  local container status=0
  container=$(buildah from --pull-never "$1") || return
  shift
  "$@" "$(buildah mount "$container")" || status=$?
  buildah rm "$container" >/dev/null
  return $status
}
