#include "common/base/used_up.h"

#include <cerrno>

namespace simclr {

std::string UsedUp(int error) {
  switch (error) {
    case EAGAIN:
      return "all threads and processes that it may have are in use; raise the container's pids limit, or "
             "ulimit -u";
    case EMFILE:
      return "all files that it may have open are open; raise ulimit -n";
    case ENFILE:
      return "all files that the node may have open are open; raise fs.file-max";
    default:
      return "";
  }
}

}  // namespace simclr
