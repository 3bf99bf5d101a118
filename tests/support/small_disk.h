#pragma once

#include <sys/mount.h>

#include <string>
#include <utility>

namespace simclr {

// A file system of `size` ("6m") in memory that covers a directory during its lifetime, where mounting is
// permitted.
class SmallDisk {
 public:
  SmallDisk(std::string directory, const std::string& size)
      : directory_(std::move(directory)),
        mounted_(::mount("tmpfs", directory_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  const std::string directory_;
  const bool mounted_;
};

}  // namespace simclr
