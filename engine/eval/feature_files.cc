#include "engine/eval/feature_files.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"

namespace simclr::engine {
namespace {

const char* NumpyType(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "<f4";
    case at::kDouble:
      return "<f8";
    default:
      return "<i8";
  }
}

}  // namespace

std::string EncodeNpy(const at::Tensor& tensor) {
  const at::Tensor data = tensor.contiguous();
  std::string header =
      absl::StrCat("{'descr': '", NumpyType(data.scalar_type()), "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(data.sizes(), ", "), data.dim() == 1 ? ",), }" : "), }");
  // Magic, version and length take 10 bytes; the data begins at a multiple of 64.
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header.push_back('\n');
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.push_back(static_cast<char>(header.size() & 0xff));
  bytes.push_back(static_cast<char>(header.size() >> 8));
  bytes += header;
  bytes.append(static_cast<const char*>(data.const_data_ptr()), data.nbytes());
  return bytes;
}

absl::Status SaveFeatures(FileSystem& files, const std::string& directory, const std::string& split,
                          const Features& features, const Dataset& dataset) {
  std::string names;
  for (std::int64_t i = 0; i < dataset.size(); ++i) absl::StrAppend(&names, dataset.name(i), "\n");
  const auto path = [&](absl::string_view stem, absl::string_view ending) {
    return JoinPath(directory, absl::StrCat(stem, "-", split, ending));
  };
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(directory));
  SIMCLR_RETURN_IF_ERROR(WriteAtomically(files, path("features", ".npy"), EncodeNpy(features.values)));
  SIMCLR_RETURN_IF_ERROR(WriteAtomically(files, path("labels", ".npy"), EncodeNpy(features.labels)));
  return WriteAtomically(files, path("files", ".txt"), names);
}

}  // namespace simclr::engine
