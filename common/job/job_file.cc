#include "common/job/job_file.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/closest.h"
#include "common/job/yaml_reader.h"

namespace simclr {
namespace {

using Specs = std::vector<v1::JobSpec>;

absl::StatusOr<Specs> ReadDocuments(absl::string_view yaml, absl::string_view file_name) {
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<YAML::Node> documents, LoadYaml(yaml, file_name));
  Specs specs;
  for (const YAML::Node& document : documents) {
    if (document.IsNull()) continue;  // between two separators, or after the last
    if (specs.size() == kMaxJobDocuments) {
      return absl::InvalidArgumentError(
          absl::StrCat(file_name, ": more than ", kMaxJobDocuments, " jobs in one file; split it"));
    }
    SIMCLR_RETURN_IF_ERROR(ReadYamlMap(document, file_name, specs.emplace_back()));
  }
  if (specs.empty()) return absl::InvalidArgumentError(absl::StrCat(file_name, ": no job in it"));
  return specs;
}

std::vector<std::string> Names(const Specs& specs) {
  std::vector<std::string> names;
  for (const v1::JobSpec& spec : specs) names.push_back(spec.name());
  return names;
}

absl::Status CheckUtf8(absl::string_view text, absl::string_view what) {
  if (IsUtf8(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is not UTF-8; write it in that encoding"));
}

// "NAME:a.b=v" taken apart; `document` is empty for the first one.
struct Setting {
  std::string document;
  std::string path;
  std::string value;
};

absl::StatusOr<Setting> ParseSetting(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--set ", text, ": write FIELD=VALUE or NAME:FIELD=VALUE, for example train.epochs=10"));
  }
  Setting setting{"", text.substr(0, equals), text.substr(equals + 1)};
  if (const std::size_t colon = setting.path.rfind(':'); colon != std::string::npos) {
    setting.document = setting.path.substr(0, colon);
    setting.path.erase(0, colon + 1);
  }
  return setting;
}

void RenameDependants(Specs& specs, const std::string& old_name, const std::string& new_name) {
  if (old_name.empty()) return;
  for (v1::JobSpec& spec : specs) {
    if (spec.after() == old_name) spec.set_after(new_name);
  }
}

// `names`: as the file has them, so that a renamed job is still found by its old name.
absl::Status ApplySetting(const std::string& text, const std::vector<std::string>& names, Specs& specs) {
  SIMCLR_ASSIGN_OR_RETURN(const Setting setting, ParseSetting(text));
  std::size_t index = 0;
  if (!setting.document.empty()) {
    index = static_cast<std::size_t>(std::find(names.begin(), names.end(), setting.document) - names.begin());
    if (index == names.size()) {
      return absl::InvalidArgumentError(absl::StrCat("--set ", text, ": no job '", setting.document,
                                                     "' in the file", SuggestWord(setting.document, names)));
    }
  }
  const std::string old_name = specs[index].name();
  SIMCLR_RETURN_IF_ERROR(
      SetFieldFromText(setting.path, setting.value, absl::StrCat("--set ", text), specs[index]));
  if (specs[index].name() != old_name) RenameDependants(specs, old_name, specs[index].name());
  return absl::OkStatus();
}

absl::Status CheckNames(const Specs& specs, absl::string_view file_name) {
  const std::vector<std::string> names = Names(specs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto self = names.begin() + static_cast<std::ptrdiff_t>(i);
    if (!names[i].empty() && std::find(names.begin(), self, names[i]) != self) {
      return absl::InvalidArgumentError(
          absl::StrCat(file_name, ": two jobs are named '", names[i], "'; rename one"));
    }
    const std::string& after = specs[i].after();
    if (!after.empty() && std::find(self, names.end(), after) != names.end()) {
      return absl::InvalidArgumentError(absl::StrCat(file_name, ": job '", names[i], "' is after '", after,
                                                     "', which does not stand before it; move it down"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadJobFile(const std::string& path) {
  absl::StatusOr<std::string> text = path == "-" ? ReadSmall(STDIN_FILENO, "standard input", kMaxJobFileBytes)
                                                 : ReadSmallFile(path, kMaxJobFileBytes);
  if (!absl::IsOutOfRange(text.status())) return text;
  return absl::InvalidArgumentError(absl::StrCat(text.status().message(), "; this is no job file"));
}

absl::StatusOr<Specs> ParseJobFile(absl::string_view yaml, absl::string_view file_name,
                                   const std::vector<std::string>& sets) {
  if (yaml.size() > kMaxJobFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_name, ": ", yaml.size(), " bytes; a job file has at most ", kMaxJobFileBytes));
  }
  SIMCLR_RETURN_IF_ERROR(CheckUtf8(yaml, file_name));
  for (const std::string& set : sets) {
    SIMCLR_RETURN_IF_ERROR(CheckUtf8(set, absl::StrCat("--set '", absl::CHexEscape(set), "'")));
  }
  SIMCLR_ASSIGN_OR_RETURN(Specs specs, ReadDocuments(yaml, file_name));
  const std::vector<std::string> names = Names(specs);
  for (const std::string& set : sets) SIMCLR_RETURN_IF_ERROR(ApplySetting(set, names, specs));
  SIMCLR_RETURN_IF_ERROR(CheckNames(specs, file_name));
  return specs;
}

}  // namespace simclr
