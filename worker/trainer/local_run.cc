#include "worker/trainer/local_run.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/defaults.h"
#include "common/job/job_file.h"
#include "common/job/spec_hash.h"
#include "common/job/validate.h"
#include "common/storage/artifact_store.h"
#include "engine/checkpoint/manifest.h"
#include "worker/trainer/convert_config.h"
#include "worker/trainer/local_observer.h"

namespace simclr::trainer {
namespace {

engine::RunEnd ConfigError(const absl::Status& status) {
  engine::RunEnd end;
  end.end = engine::EndClass::kConfigError;
  end.message = std::string(status.message());
  return end;
}

// Relative data paths are meant from where the program was started; a source is "<form>:<path>".
std::string Absolute(const std::string& source) {
  const std::size_t colon = source.find(':');
  if (colon == std::string::npos || absl::StartsWith(source, "synthetic:")) return source;
  return absl::StrCat(source.substr(0, colon + 1),
                      std::filesystem::absolute(source.substr(colon + 1)).string());
}

// The jobs of the file as they will run: complete, valid, of one rank.
absl::StatusOr<std::vector<v1::JobSpec>> ReadJobs(const LocalRunOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, ReadJobFile(options.job_file));
  SIMCLR_ASSIGN_OR_RETURN(std::vector<v1::JobSpec> jobs, ParseJobFile(text, options.job_file, options.sets));
  std::map<std::string, v1::JobSpec> earlier;
  for (v1::JobSpec& job : jobs) {
    const auto before = earlier.find(job.after());
    if (!job.after().empty() && before != earlier.end()) job = WithSplitOf(before->second, job);
    job = WithDefaults(job);
    job.mutable_data()->set_source(Absolute(job.data().source()));
    if (!job.data().test().empty()) job.mutable_data()->set_test(Absolute(job.data().test()));
    SIMCLR_RETURN_IF_ERROR(ValidateSpec(job));
    if (job.resources().ranks() > 1) {
      LogWarning("a local run has one rank; resources.ranks is taken as 1",
                 {{"job", job.name()}, {"ranks", absl::StrCat(job.resources().ranks())}});
      job.mutable_resources()->set_ranks(1);
    }
    earlier[job.name()] = job;
  }
  return jobs;
}

struct Found {
  engine::CheckpointRef ref;
  engine::Manifest manifest;
};

// The checkpoints that an earlier run of this job left, newest first. FAILED_PRECONDITION where they are of
// another job.
absl::StatusOr<std::vector<Found>> FindCheckpoints(const ArtifactStore& store, const v1::JobSpec& job) {
  const std::string directory = absl::StrCat(job.name(), "/checkpoints");
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, store.List(directory));
  std::vector<Found> found;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(directory, "/", name);
    const absl::StatusOr<std::string> text = store.Open(absl::StrCat(path, "/manifest.json"));
    const absl::StatusOr<engine::Manifest> manifest =
        text.ok() ? engine::DecodeManifest(*text) : absl::StatusOr<engine::Manifest>(text.status());
    if (!manifest.ok()) {
      LogWarning("checkpoint cannot be used",
                 {{"job", job.name()}, {"path", path}, {"why", std::string(manifest.status().message())}});
      continue;
    }
    if (manifest->spec_hash != SpecHash(job)) {
      return absl::FailedPreconditionError(
          absl::StrCat("'", directory, "' holds checkpoints of another job called '", job.name(),
                       "'; choose another --out or another name"));
    }
    found.push_back({{path, manifest->step, ""}, *manifest});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.manifest.step, a.manifest.attempt) > std::pair(b.manifest.step, b.manifest.attempt);
  });
  return found;
}

engine::RunOptions ToRunOptions(const v1::JobSpec& job, const LocalRunOptions& local,
                                const std::vector<Found>& found) {
  engine::RunOptions options;
  options.artifact_root = local.out;
  options.job_directory = job.name();
  options.after_directory = job.after();
  options.device = job.resources().device() == v1::DEVICE_CPU ||
                           (job.resources().device() == v1::DEVICE_AUTO && !engine::CudaUsable())
                       ? engine::DeviceKind::kCpu
                       : engine::DeviceKind::kCuda;
  options.threads = local.threads;
  options.spec_hash = SpecHash(job);
  for (const Found& checkpoint : found) {
    options.resume.push_back(checkpoint.ref);
    options.precision = checkpoint.manifest.precision;
    options.attempt = std::max(options.attempt, checkpoint.manifest.attempt + 1);
  }
  return options;
}

engine::RunEnd RunJob(const v1::JobSpec& job, const LocalRunOptions& local, const StopSignals& stop) {
  const std::unique_ptr<ArtifactStore> store = MakeDirectoryStore(local.out, PosixFileSystem());
  const absl::StatusOr<std::vector<Found>> found = FindCheckpoints(*store, job);
  if (!found.ok()) return ConfigError(found.status());
  std::deque<std::string> kept;
  for (const Found& checkpoint : *found) kept.push_front(checkpoint.ref.path);
  LocalObserver observer(job.name(), job.checkpoint().keep(), std::move(kept), stop);
  return engine::Run(ToJobConfig(job), ToRunOptions(job, local, *found), observer);
}

}  // namespace

engine::RunEnd RunLocally(const LocalRunOptions& options, const StopSignals& stop) {
  const absl::StatusOr<std::vector<v1::JobSpec>> jobs = ReadJobs(options);
  if (!jobs.ok()) return ConfigError(jobs.status());
  engine::RunEnd end;
  for (const v1::JobSpec& job : *jobs) {
    end = RunJob(job, options, stop);
    if (end.end != engine::EndClass::kSuccess) {
      if (!end.message.empty()) end.message = absl::StrCat(job.name(), ": ", end.message);
      return end;
    }
    for (const auto& [name, value] : end.results)
      std::printf("%s %s %.6g\n", job.name().c_str(), name.c_str(), value);
    std::fflush(stdout);
  }
  return end;
}

}  // namespace simclr::trainer
