#include "engine/data/file_layout.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace simclr::engine {
namespace {

// A visible file and the part of its path that has not been interpreted yet.
struct Entry {
  std::size_t file;
  absl::string_view path;
  absl::string_view rest;
};

bool Hidden(absl::string_view path) {
  return absl::StartsWith(path, ".") || absl::StrContains(path, "/.");
}

absl::string_view TopFolder(absl::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
}

absl::string_view BelowTopFolder(absl::string_view path) {
  return path.substr(path.find('/') + 1);
}

bool IsSplitName(absl::string_view folder) {
  return folder == "train" || folder == "test" || folder == "val" || folder == "validation";
}

// Whether the folders at the top are splits, not classes: all of them have split names, or files lie deeper.
bool HoldsSplit(const std::vector<Entry>& entries, const std::string& split) {
  bool found = false, only_splits = true, deeper = true;
  for (const Entry& entry : entries) {
    const absl::string_view top = TopFolder(entry.rest);
    if (top.empty()) continue;
    only_splits &= IsSplitName(top);
    if (top != split) continue;
    found = true;
    deeper &= !TopFolder(BelowTopFolder(entry.rest)).empty();
  }
  return found && (only_splits || deeper);
}

void Descend(const std::string& folder, std::vector<Entry>* entries) {
  const auto elsewhere = [&](const Entry& entry) { return TopFolder(entry.rest) != folder; };
  entries->erase(std::remove_if(entries->begin(), entries->end(), elsewhere), entries->end());
  for (Entry& entry : *entries) entry.rest = BelowTopFolder(entry.rest);
}

// The only folder at the top, where nothing lies beside it and it holds only folders; else "".
std::string SingleOuterFolder(const std::vector<Entry>& entries) {
  if (entries.empty()) return "";
  const absl::string_view first = TopFolder(entries[0].rest);
  for (const Entry& entry : entries) {
    if (TopFolder(entry.rest) != first || TopFolder(BelowTopFolder(entry.rest)).empty()) return "";
  }
  return std::string(first);
}

std::vector<Entry> VisibleFiles(const std::vector<std::string>& paths) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!Hidden(paths[i])) entries.push_back({i, paths[i], paths[i]});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  return entries;
}

FileLayout ByClass(const std::vector<Entry>& entries) {
  std::map<std::string, int> labels;
  for (const Entry& entry : entries) {
    if (!TopFolder(entry.rest).empty()) labels[std::string(TopFolder(entry.rest))] = 0;
  }
  if (labels.empty()) labels[""] = 0;
  FileLayout layout;
  for (auto& [name, label] : labels) {
    label = static_cast<int>(layout.classes.size());
    layout.classes.push_back(name);
  }
  for (const Entry& entry : entries) {
    const auto place = labels.find(std::string(TopFolder(entry.rest)));
    if (place == labels.end()) continue;
    layout.files.push_back(entry.file);
    layout.labels.push_back(place->second);
  }
  return layout;
}

}  // namespace

FileLayout ArrangeFiles(const std::vector<std::string>& paths, const std::string& split) {
  std::vector<Entry> entries = VisibleFiles(paths);
  for (;;) {
    if (HoldsSplit(entries, split)) {
      Descend(split, &entries);
      break;
    }
    const std::string outer = SingleOuterFolder(entries);
    if (outer.empty()) break;
    Descend(outer, &entries);
  }
  return ByClass(entries);
}

}  // namespace simclr::engine
