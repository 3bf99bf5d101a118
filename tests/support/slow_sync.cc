// A library for LD_PRELOAD that makes each fsync and fdatasync of a program last longer: by as many
// milliseconds as the file named by SLOW_SYNC_FILE says; not at all while there is no such file. So any build
// of a program can be run on a slow disk, and the disk can become slow and fast again meanwhile.
#include <dlfcn.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>

namespace {

long DelayMilliseconds() {
  const char* path = std::getenv("SLOW_SYNC_FILE");
  std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "re");
  if (file == nullptr) return 0;
  long milliseconds = 0;
  if (std::fscanf(file, "%ld", &milliseconds) != 1) milliseconds = 0;
  std::fclose(file);
  return milliseconds;
}

int SlowSync(const char* function, int file) {
  const long delay = DelayMilliseconds();
  const timespec time{delay / 1000, delay % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
  return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, function))(file);
}

}  // namespace

extern "C" int fsync(int file) {
  return SlowSync("fsync", file);
}
extern "C" int fdatasync(int file) {
  return SlowSync("fdatasync", file);
}
