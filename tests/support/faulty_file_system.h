#pragma once

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"

namespace simclr {

// The real file system on a disk that can fill up: from then on, writing a file whose path contains
// `full_below` fails half-way. Not thread-safe.
class FaultyFileSystem : public FileSystem {
 public:
  // The disk is full for such paths from the `n`-th write on (counted from 0).
  void FillAfter(int writes, const std::string& full_below) {
    writes_left_ = writes;
    full_below_ = full_below;
  }

  absl::StatusOr<std::string> Read(const std::string& path) const override { return real_.Read(path); }
  absl::Status Write(const std::string& path, absl::string_view bytes) override {
    if (!absl::StrContains(path, full_below_) || writes_left_-- > 0) return real_.Write(path, bytes);
    real_.Write(path, bytes.substr(0, bytes.size() / 2)).IgnoreError();
    return absl::ResourceExhaustedError(absl::StrCat("no space left for ", path));
  }
  absl::Status Append(const std::string& path, absl::string_view bytes) override {
    return real_.Append(path, bytes);
  }
  absl::Status SyncDirectory(const std::string& path) override { return real_.SyncDirectory(path); }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return real_.Rename(from, to);
  }
  absl::Status MakeDirectories(const std::string& path) override { return real_.MakeDirectories(path); }
  absl::Status RemoveAll(const std::string& path) override { return real_.RemoveAll(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) const override {
    return real_.List(directory);
  }
  bool Exists(const std::string& path) const override { return real_.Exists(path); }
  absl::StatusOr<std::int64_t> Size(const std::string& path) const override { return real_.Size(path); }

 private:
  FileSystem& real_ = PosixFileSystem();
  int writes_left_ = std::numeric_limits<int>::max();
  std::string full_below_;
};

}  // namespace simclr
