#pragma once

#include <stdlib.h>

#include <cassert>
#include <filesystem>
#include <string>

namespace simclr {

// A directory of its own for a test, with a short path; removed with everything in it at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_((std::filesystem::temp_directory_path() / "simclr-test-XXXXXX").string()) {
    [[maybe_unused]] const char* const made = ::mkdtemp(path_.data());
    assert(made != nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace simclr
