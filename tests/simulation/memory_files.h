#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"

namespace simclr::simulation {

// A disk in memory, without directories: a path is a name. It can be full. Not thread-safe.
class MemoryFiles : public FileSystem {
 public:
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const auto file = files.find(path);
    if (file == files.end()) return absl::NotFoundError(absl::StrCat("no file ", path));
    return file->second;
  }
  absl::Status Write(const std::string& path, absl::string_view bytes) override {
    if (full) return absl::ResourceExhaustedError(absl::StrCat("no space left for ", path));
    files[path] = std::string(bytes);
    return absl::OkStatus();
  }
  absl::Status Append(const std::string& path, absl::string_view bytes) override {
    return Write(path, absl::StrCat(files[path], bytes));
  }
  absl::Status SyncDirectory(const std::string&) override { return absl::OkStatus(); }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    const auto file = files.find(from);
    if (file == files.end()) return absl::NotFoundError(absl::StrCat("no file ", from));
    files[to] = file->second;
    files.erase(from);
    return absl::OkStatus();
  }
  absl::Status MakeDirectories(const std::string&) override { return absl::OkStatus(); }
  absl::Status RemoveAll(const std::string& path) override {
    std::erase_if(files, [&](const auto& file) {
      return file.first == path || absl::StartsWith(file.first, absl::StrCat(path, "/"));
    });
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) const override {
    std::vector<std::string> names;
    const std::string below = absl::StrCat(directory, "/");
    for (const auto& [path, bytes] : files) {
      if (absl::StartsWith(path, below) && path.find('/', below.size()) == std::string::npos) {
        names.push_back(path.substr(below.size()));
      }
    }
    return names;
  }
  bool Exists(const std::string& path) const override { return files.count(path) > 0; }
  absl::StatusOr<std::int64_t> Size(const std::string& path) const override {
    const auto file = files.find(path);
    return file == files.end() ? 0 : static_cast<std::int64_t>(file->second.size());
  }

  std::map<std::string, std::string> files;
  bool full = false;
};

}  // namespace simclr::simulation
