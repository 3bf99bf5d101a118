#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/data/dataset.h"

namespace simclr::engine {

// A file that is read at offsets by many threads at once, which tells `progress` what was read. Thread-safe.
class RandomAccessFile {
 public:
  // NOT_FOUND, FAILED_PRECONDITION (not a regular file) or INTERNAL; all name the path.
  static absl::StatusOr<std::shared_ptr<const RandomAccessFile>> Open(const std::string& path,
                                                                      DataProgress progress = nullptr);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;

  // Exactly `size` bytes from `offset` on; OUT_OF_RANGE where the file ends before.
  absl::StatusOr<std::string> Read(std::int64_t offset, std::int64_t size) const;

  const std::string& path() const { return path_; }
  std::int64_t size() const { return size_; }

 private:
  RandomAccessFile(std::string path, int descriptor, std::int64_t size, DataProgress progress)
      : path_(std::move(path)), descriptor_(descriptor), size_(size), progress_(std::move(progress)) {}

  const std::string path_;
  const int descriptor_;
  const std::int64_t size_;
  const DataProgress progress_;
};

}  // namespace simclr::engine
