#include "cli/absolute_paths.h"

#include <filesystem>

#include "absl/strings/match.h"

namespace simclr::cli {
namespace {

std::string Absolute(const std::string& path, const std::string& directory) {
  if (path.empty()) return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

std::string AbsoluteSource(const std::string& source, const std::string& directory) {
  for (const std::string prefix : {"folder:", "tar:", "cifar10:"}) {
    if (absl::StartsWith(source, prefix)) return prefix + Absolute(source.substr(prefix.size()), directory);
  }
  return source;
}

}  // namespace

v1::JobSpec WithAbsolutePaths(v1::JobSpec spec, const std::string& directory) {
  if (spec.data().has_source()) {
    spec.mutable_data()->set_source(AbsoluteSource(spec.data().source(), directory));
  }
  if (spec.data().has_test()) spec.mutable_data()->set_test(AbsoluteSource(spec.data().test(), directory));
  if (spec.model().has_init()) spec.mutable_model()->set_init(Absolute(spec.model().init(), directory));
  return spec;
}

}  // namespace simclr::cli
