#include "common/metrics/buckets.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace simclr {
namespace {

struct Ladder {
  const char* name;
  std::vector<double> bounds;
};

enum LadderIndex { kRpc, kStep, kStorage, kCheckpoint, kPhase };

const std::vector<Ladder>& Ladders() {
  constexpr double kMinute = 60, kHour = 3600, kDay = 86400;
  static const std::vector<Ladder> ladders = {
      {"rpc", {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}},
      {"step", {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}},
      {"storage", {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5}},
      {"checkpoint", {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, kMinute, 3 * kMinute, 10 * kMinute}},
      {"phase",
       {1, 5, 15, 30, kMinute, 5 * kMinute, 15 * kMinute, 30 * kMinute, kHour, 2 * kHour, 4 * kHour,
        8 * kHour, kDay, 3 * kDay, 7 * kDay}},
  };
  return ladders;
}

}  // namespace

const std::vector<double>& RpcBuckets() {
  return Ladders()[kRpc].bounds;
}
const std::vector<double>& StepBuckets() {
  return Ladders()[kStep].bounds;
}
const std::vector<double>& StorageBuckets() {
  return Ladders()[kStorage].bounds;
}
const std::vector<double>& CheckpointBuckets() {
  return Ladders()[kCheckpoint].bounds;
}
const std::vector<double>& PhaseBuckets() {
  return Ladders()[kPhase].bounds;
}

absl::string_view LadderName(const std::vector<double>& buckets) {
  for (const Ladder& ladder : Ladders()) {
    if (ladder.bounds == buckets) return ladder.name;
  }
  return "";
}

std::string LadderReference() {
  std::string text = "| ladder | upper bounds in seconds |\n|---|---|\n";
  for (const Ladder& ladder : Ladders()) {
    absl::StrAppend(&text, "| ", ladder.name, " | ", absl::StrJoin(ladder.bounds, ", "), " |\n");
  }
  return text;
}

}  // namespace simclr
