#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "simclr/v1/job.pb.h"

namespace simclr {

constexpr std::size_t kMaxJobFileBytes = 3 << 20;
constexpr std::size_t kMaxJobDocuments = 2000;

// The text of a job file, or of standard input for "-". INVALID_ARGUMENT for more than kMaxJobFileBytes,
// without reading it all.
absl::StatusOr<std::string> ReadJobFile(const std::string& path);

// Reads a job file: one job a YAML document, in order, as written (no defaults). Field names are those of the
// messages; enum words are lower case, `-` and `_` alike; an empty word means not written.
//
// Each of `sets` changes one field: "a.b=v" in the first document, "NAME:a.b=v" in the document of that name;
// `v` is YAML. Renaming a job changes the `after` of its file along.
//
// INVALID_ARGUMENT names `file_name`, line and field path, and the closest known name: unknown field, wrong
// type or range, no UTF-8, field written twice, two jobs of one name, an `after` that stands before its job.
// Bad input never crashes.
absl::StatusOr<std::vector<v1::JobSpec>> ParseJobFile(absl::string_view yaml, absl::string_view file_name,
                                                      const std::vector<std::string>& sets = {});

}  // namespace simclr
