# Shared by the scripts of this folder; sourced from anywhere.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/scripts/lib.sh"
cd "$here"

# What clang's analyses look at: engine files would need minutes each, because of LibTorch's headers.
analysed='^(common|coordinator|worker/agent|cli)/.*\.cc$'

# The C++ files under version control or about to be.
cpp_files() {
  git ls-files --cached --others --exclude-standard -- '*.cc' '*.h' | sort -u | while read -r file; do
    [ ! -e "$file" ] || echo "$file"
  done
}

# The commit that changes are counted from: the one asked for, else where this branch left origin/main, else the one
# before the last, else the empty tree.
base_commit() {
  local base=${CHECK_SINCE:-$(git merge-base HEAD origin/main 2>/dev/null || true)}
  [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ] || base=$(git rev-parse --verify --quiet HEAD~1 || true)
  echo "${base:-$(git hash-object -t tree /dev/null)}"
}

# Files that a check looks at: all with CHECK_ALL, else the changed ones.
files_to_check() {
  if [ -n "${CHECK_ALL:-}" ]; then git ls-files; else git diff --name-only --diff-filter=d "$(base_commit)"; fi
}

# Configures a preset and writes the generated headers, which an analysis needs, without compiling anything.
generate_headers() {  # preset
  cmake --preset "$1" >/dev/null
  ninja -C "build/$1" -t targets all | sed -n 's/^\(gen.*\.pb\.h\): .*/\1/p' | xargs ninja -C "build/$1" >/dev/null
}
