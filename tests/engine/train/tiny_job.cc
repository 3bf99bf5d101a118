#include "tests/engine/train/tiny_job.h"

#include "common/base/file_system.h"
#include "engine/checkpoint/manifest.h"

namespace simclr::engine {

JobConfig TinyJob(int epochs) {
  JobConfig job;
  job.name = "tiny";
  job.data.source = "synthetic:train=64,test=64,size=16";
  job.data.image_size = 16;
  job.data.cache_bytes = 1 << 24;
  job.data.loader_threads = 1;
  job.augment.blur_probability = 0;
  job.model.encoder = "resnet18";
  job.model.width = 0.125;
  job.model.stem = Stem::kCifar;
  job.model.head.out = 16;
  job.temperature = 0.5;
  job.optimizer.lr = 1.0;
  job.optimizer.warmup_epochs = 1;
  job.train.epochs = epochs;
  job.train.global_batch = 16;
  job.train.precision = PrecisionChoice::kFp64;
  return job;
}

JobConfig TinyLinearEval() {
  JobConfig job;
  job.name = "tiny-linear";
  job.kind = JobKind::kLinearEval;
  job.data.source = "synthetic:train=64,test=64,size=16";
  job.data.test = "synthetic:train=64,test=64,size=16";
  job.data.cache_bytes = 1 << 24;
  job.linear_eval.epochs = 5;
  job.linear_eval.batch = 20;
  return job;
}

RunOptions TinyOptions(const std::string& root, const std::string& job_directory) {
  RunOptions options;
  options.artifact_root = root;
  options.job_directory = job_directory;
  options.spec_hash = "tiny";
  return options;
}

std::vector<CheckpointRef> RecordingObserver::Resume() const {
  std::vector<CheckpointRef> refs;
  for (auto report = checkpoints.rbegin(); report != checkpoints.rend(); ++report) {
    refs.push_back({report->path, report->step, report->digest});
  }
  return refs;
}

std::map<std::string, std::string> Checksums(const std::string& root, const std::string& checkpoint) {
  std::map<std::string, std::string> checksums;
  const auto text = PosixFileSystem().Read(JoinPath(root, checkpoint + "/manifest.json"));
  if (!text.ok()) return checksums;
  const Manifest manifest = *DecodeManifest(*text);
  for (const ManifestFile& file : manifest.files) checksums[file.name] = file.sha256;
  return checksums;
}

}  // namespace simclr::engine
