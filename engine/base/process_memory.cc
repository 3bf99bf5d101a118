#include "engine/base/process_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace simclr::engine {

// /proc/self/statm holds counts of pages: "size resident shared ...".
std::int64_t ResidentBytes() {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[128] = {};
  const ssize_t length = ::read(file, text, sizeof(text) - 1);
  ::close(file);
  if (length <= 0) return 0;
  char* after_size = nullptr;
  std::strtoll(text, &after_size, 10);
  return std::strtoll(after_size, nullptr, 10) * ::sysconf(_SC_PAGE_SIZE);
}

}  // namespace simclr::engine
