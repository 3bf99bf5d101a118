// Linked into a simclr-coordinator for tests: its databases lie on a disk as SIMCLR_SQLITE_FAULTS describes
// it.
#include "tests/support/sqlite_vfs_shim.h"

namespace {

[[maybe_unused]] const bool installed = [] {
  simclr::SqliteVfsShim::InstallFromEnvironment();
  return true;
}();

}  // namespace
