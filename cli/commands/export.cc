#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/client.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/job/enum_word.h"

namespace simclr::cli {
namespace {

constexpr absl::string_view kExportFolder = "export/";

struct ExportOptions {
  std::string job;
  std::string directory = ".";
};

// The path below the target directory; the coordinator's word is not taken for more than that.
absl::StatusOr<std::string> TargetPath(absl::string_view artifact, const std::string& directory) {
  const std::filesystem::path name =
      std::filesystem::path(std::string(absl::StripPrefix(artifact, kExportFolder))).lexically_normal();
  if (name.empty() || name.is_absolute() || *name.begin() == "..") {
    return absl::InternalError(
        absl::StrCat("the coordinator lists a file '", artifact, "' outside the export"));
  }
  return JoinPath(directory, name.string());
}

absl::StatusOr<std::string> Download(Client& client, const std::string& job, const std::string& path) {
  v1::ReadArtifactRequest request;
  request.set_job(job);
  request.set_path(path);
  std::string bytes;
  SIMCLR_RETURN_IF_ERROR(client.ReadArtifact(request, [&](const v1::ArtifactChunk& chunk) {
    bytes += chunk.data();
    return true;
  }));
  return bytes;
}

absl::Status ExportFile(Client& client, const CommandContext& context, const std::string& job,
                        const v1::ListArtifactsResponse::File& file, const std::string& directory) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string target, TargetPath(file.path(), directory));
  SIMCLR_ASSIGN_OR_RETURN(const std::string bytes, Download(client, job, file.path()));
  if (static_cast<std::int64_t>(bytes.size()) != file.bytes()) {
    return absl::DataLossError(absl::StrCat(file.path(), " came with ", bytes.size(), " bytes instead of ",
                                            file.bytes(), "; export again"));
  }
  FileSystem& files = PosixFileSystem();
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(std::filesystem::path(target).parent_path().string()));
  SIMCLR_RETURN_IF_ERROR(WriteAtomically(files, target, bytes));
  context.err << Printable(target) << "  " << ShortBytes(file.bytes()) << std::endl;
  return absl::OkStatus();
}

absl::StatusOr<int> Export(const CommandContext& context, const ExportOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Client::Connect(context));
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, client->GetJob(options.job));
  SIMCLR_ASSIGN_OR_RETURN(const v1::ListArtifactsResponse list,
                          client->ListArtifacts(job.id(), std::string(kExportFolder)));
  if (list.files_size() == 0) {
    return AsAnswer(absl::NotFoundError(absl::StrCat("job ", job.id(), " has exported nothing; it is ",
                                                     EnumWord(job.status().phase()),
                                                     ", and a pretrain job exports when it succeeds")));
  }
  for (const auto& file : list.files()) {
    SIMCLR_RETURN_IF_ERROR(ExportFile(*client, context, job.id(), file, options.directory));
  }
  context.out << options.directory << std::endl;
  return kOk;
}

}  // namespace

void AddExportCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& command =
      *app.add_subcommand("export", "Copy what a job exported: the encoder and how to load it");
  command.add_option("job", options->job, "id or name")->required();
  command.add_option("-o,--output", options->directory,
                     "directory, made where it is missing (default: this one)");
  command.footer("Example: simclrctl export cifar10-rn18 -o encoder && python encoder/encoder.py");
  OnSelected(command, context, [&context, options] { return Export(context, *options); });
}

}  // namespace simclr::cli
