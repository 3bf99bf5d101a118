# Shared by the scripts; sourced with $here set to the root of the repository.

say() { echo "[$(basename "$0")] $*" >&2; }
die() { say "$*"; exit 1; }

# Prints the comment block at the head of a script.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }

# timed NAME COMMAND...: runs the command and prints the seconds it took; keeps its exit status.
timed() {
  local name=$1 start=$SECONDS status=0
  shift
  "$@" || status=$?
  say "$name: $((SECONDS - start)) s (exit $status)"
  return $status
}

# Compile jobs: a file of the engine takes up to 1.5 GB.
jobs() { echo "${JOBS:-$(nproc)}"; }
