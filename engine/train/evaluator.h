#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/augment/augmentation.h"
#include "engine/checkpoint/encoder_config.h"
#include "engine/data/dataset.h"
#include "engine/eval/features.h"
#include "engine/model/simclr_model.h"
#include "engine/train/run_context.h"

namespace simclr::engine {

// A linear-eval job on one rank: how good the representation of another job's encoder is, next to that of the
// same encoder before training. Every rank computes the same numbers; rank 0 writes the files. Not
// thread-safe.
class Evaluator {
 public:
  // Reads the evaluated job's export/config.json and opens the data. A collective call; `context` outlives
  // the object.
  static absl::StatusOr<std::unique_ptr<Evaluator>> Create(const RunContext& context);

  // Results: linear_eval/top1, linear_eval/top5, knn/top1, and linear_eval/top1_random, knn/top1_random for
  // the encoder in init/. Without labels none of them, and one warning. A collective call.
  absl::StatusOr<RunEnd> Run();

 private:
  explicit Evaluator(const RunContext& context) : context_(context) {}

  absl::Status ReadEncoderConfig();
  // The same images as the evaluated job's, where that is asked for: see docs/job-file.md. Returns the seed.
  std::uint64_t AdoptSplit();
  absl::Status OpenData();
  absl::Status CheckLabels();
  // The weights at `path`; those drawn from the seed where it is empty.
  absl::StatusOr<std::unique_ptr<SimclrModel>> LoadModel(const std::string& path) const;
  // Evaluates the encoder at `path`; `suffix` ends the result names. False: asked to stop.
  absl::StatusOr<bool> Evaluate(const std::string& path, const std::string& suffix);
  absl::StatusOr<bool> RunLinearProbe(class FeatureExtractor& extractor, const Features& train,
                                      const Features& test, const std::string& suffix);
  absl::Status DivergedIn(int epoch, double loss) const;
  void ReportEpoch(int epoch, double loss, double top1);
  void RunKnnProbe(const Features& train, const Features& test, const std::string& suffix);
  absl::Status SaveFeatureFiles(const Features& train, const Features& test) const;
  bool AnyRankAskedToStop();
  RunEnd Ended(EndClass end) const;

  const RunContext context_;
  std::string trained_path_, random_path_;  // directories of the two encoders
  EncoderConfig encoder_;
  DataConfig data_;
  Splits splits_;
  std::unique_ptr<Augmentation> augmentation_;
  bool labelled_ = false;
  std::int64_t step_ = 0;  // finished epochs of linear classifiers
  std::int64_t total_steps_ = 0;
  std::map<std::string, double> results_;
};

}  // namespace simclr::engine
