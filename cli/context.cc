#include "cli/context.h"

#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/closest.h"
#include "common/job/text_tree.h"

namespace simclr::cli {
namespace {

constexpr std::size_t kMaxContextBytes = 1 << 20;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string TextOf(const YAML::Node& section, const char* field) {
  return section[field] ? section[field].as<std::string>() : "";
}

// Throws YAML::Exception for what has not the form of the header.
ContextFile ReadContexts(const std::string& text) {
  const YAML::Node root = YAML::Load(text);
  ContextFile file;
  file.current = TextOf(root, "current");
  for (const auto& entry : root["contexts"]) {
    file.contexts[entry.first.as<std::string>()] = {
        TextOf(entry.second, "server"), TextOf(entry.second, "ca"), TextOf(entry.second, "token_file")};
  }
  return file;
}

std::string WriteContexts(const ContextFile& file) {
  std::vector<TextTree::Member> contexts;
  for (const auto& [name, context] : file.contexts) {
    contexts.emplace_back(name, TextTree::Object({{"server", TextTree::String(context.server)},
                                                  {"ca", TextTree::String(context.ca)},
                                                  {"token_file", TextTree::String(context.token_file)}}));
  }
  return WriteYaml(TextTree::Object(
      {{"current", TextTree::String(file.current)}, {"contexts", TextTree::Object(std::move(contexts))}}));
}

absl::Status Change(const std::string& path, const std::function<absl::Status(ContextFile&)>& change) {
  SIMCLR_ASSIGN_OR_RETURN(ContextFile file, LoadContexts(path));
  SIMCLR_RETURN_IF_ERROR(change(file));
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (!directory.empty()) SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(directory));
  SIMCLR_RETURN_IF_ERROR(WriteAtomically(PosixFileSystem(), path, WriteContexts(file)));
  if (::chmod(path.c_str(), 0600) != 0)
    return absl::InternalError(absl::StrCat("cannot set the mode of ", path));
  return absl::OkStatus();
}

std::vector<std::string> Names(const ContextFile& file) {
  std::vector<std::string> names;
  for (const auto& [name, context] : file.contexts) names.push_back(name);
  return names;
}

}  // namespace

std::string ContextFilePath() {
  if (const std::string path = Environment("SIMCLR_CONFIG"); !path.empty()) return path;
  std::string base = Environment("XDG_CONFIG_HOME");
  if (base.empty()) base = JoinPath(Environment("HOME"), ".config");
  return JoinPath(base, "simclr/config.yaml");
}

absl::StatusOr<ContextFile> LoadContexts(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxContextBytes);
  if (absl::IsNotFound(text.status())) return ContextFile();
  if (!text.ok()) return text.status();
  try {
    return ReadContexts(*text);
  } catch (const YAML::Exception& error) {
    return absl::FailedPreconditionError(
        absl::StrCat(Printable(path), " is no context file: ", error.msg, "; repair or remove it"));
  }
}

absl::Status SetContext(const std::string& path, const std::string& name, const Context& context) {
  return Change(path, [&](ContextFile& file) {
    file.contexts[name] = context;
    if (file.current.empty()) file.current = name;
    return absl::OkStatus();
  });
}

absl::Status UseContext(const std::string& path, const std::string& name) {
  return Change(path, [&](ContextFile& file) {
    if (file.contexts.count(name) == 0) {
      return AsAnswer(absl::NotFoundError(
          absl::StrCat("no context '", name, "' in ", path, SuggestWord(name, Names(file)))));
    }
    file.current = name;
    return absl::OkStatus();
  });
}

absl::Status RemoveContext(const std::string& path, const std::string& name) {
  return Change(path, [&](ContextFile& file) {
    file.contexts.erase(name);
    if (file.current == name) file.current.clear();
    return absl::OkStatus();
  });
}

}  // namespace simclr::cli
