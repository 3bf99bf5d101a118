#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/temporary_directory.h"

namespace simclr {

// An archive of tests/golden, unpacked for one test.
class GoldenDirectory {
 public:
  explicit GoldenDirectory(const std::string& name) {
    const std::string command = "tar -xJf " SIMCLR_GOLDEN_DIR "/" + name + ".tar.xz -C " + temporary_.path();
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::string operator/(const std::string& name) const { return temporary_ / name; }

 private:
  TemporaryDirectory temporary_;
};

}  // namespace simclr
