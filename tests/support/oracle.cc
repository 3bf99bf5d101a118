#include "tests/support/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "engine/base/safetensors.h"
#include "tests/support/oracle_tolerance.h"

namespace simclr::oracle {
namespace {

std::string OracleFolder() {
  const char* folder = std::getenv("SIMCLR_ORACLES");
  return folder != nullptr && *folder != '\0' ? folder : "tests/golden/oracles";
}

}  // namespace

std::vector<std::string> Case::OutputLabels() const {
  std::vector<std::string> labels;
  for (const auto& [label, output] : case_->at("outputs").items()) labels.push_back(label);
  return labels;
}

at::Tensor Case::Input(const std::string& label) const {
  const at::Tensor& stored = tensors_->at(case_->at("inputs").at(label).get<std::string>());
  return stored.is_floating_point() ? stored.to(type_, /*non_blocking=*/false, /*copy=*/true)
                                    : stored.clone();
}

void Case::Check(const std::string& label, double actual) {
  Check(label, at::scalar_tensor(actual, at::kDouble));
}

void Case::Check(const std::string& label, const at::Tensor& actual, const std::vector<std::int64_t>& sizes) {
  const std::string where = absl::StrCat(id_, " ", label, fp64() ? ", fp64" : ", fp32");
  if (!HasOutput(label)) {
    ADD_FAILURE() << where << ": the case has no such output";
    return;
  }
  const at::Tensor reference = Reference(label);
  const nlohmann::json& tolerance =
      manifest_->at("tolerances").at(case_->at("outputs").at(label).at("tolerance").get<std::string>());
  const nlohmann::json& limit = tolerance.at(fp64() ? "fp64" : "fp32");
  if (limit.is_null()) return;  // not meaningful in this precision
  const absl::StatusOr<Deviation> deviation =
      Measure(actual, reference, limit, tolerance.value("rule", "tensor"), sizes);
  if (!deviation.ok()) {
    ADD_FAILURE() << where << ": " << deviation.status().message();
    return;
  }
  EXPECT_LE(deviation->ratio, 1) << where << ": " << deviation->where << "; the error is " << deviation->ratio
                                 << " of its limit " << limit;
  if (deviation->ratio > results_->largest) {
    results_->largest = deviation->ratio;
    results_->largest_at = where;
  }
}

at::Tensor Case::Reference(const std::string& label) {
  results_->compared.insert(label);
  return tensors_->at(case_->at("outputs").at(label).at("tensor").get<std::string>());
}

void Case::Skip(const std::string& label, const std::string& reason) {
  if (results_->compared.insert(label).second) {
    std::cout << id_ << " " << label << ": left out, " << reason << "\n";
  }
}

Runner::Runner(const std::string& topic) : topic_(topic) {
  const absl::Status status = Load(OracleFolder());
  if (!status.ok()) ADD_FAILURE() << status;
}

absl::Status Runner::Load(const std::string& folder) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, PosixFileSystem().Read(JoinPath(folder, topic_ + ".json")));
  manifest_ = nlohmann::json::parse(text);
  const std::string tensors = manifest_.at("tensors");
  SIMCLR_ASSIGN_OR_RETURN(const engine::SafetensorsFile file,
                          engine::ReadSafetensors(JoinPath(folder, tensors)));
  for (const engine::NamedTensor& item : file.tensors) tensors_[item.name] = item.tensor;
  return absl::OkStatus();
}

void Runner::On(const std::string& id_prefix, Handler handler, Passes passes) {
  by_prefix_.push_back({id_prefix, std::move(handler), passes, ""});
}

void Runner::OnFormula(const std::string& formula, Handler handler, Passes passes) {
  by_formula_.push_back({formula, std::move(handler), passes, ""});
}

void Runner::Exclude(const std::string& id_prefix, const std::string& reason) {
  by_prefix_.push_back({id_prefix, nullptr, Passes::kBoth, reason});
}

void Runner::ExcludeFormula(const std::string& formula, const std::string& reason) {
  by_formula_.push_back({formula, nullptr, Passes::kBoth, reason});
}

const Runner::Rule* Runner::Find(const nlohmann::json& entry) const {
  const std::string id = entry.at("id");
  const Rule* best = nullptr;
  for (const Rule& rule : by_prefix_) {
    if (absl::StartsWith(id, rule.key) && (best == nullptr || rule.key.size() > best->key.size()))
      best = &rule;
  }
  if (best != nullptr) return best;
  for (const Rule& rule : by_formula_) {
    for (const nlohmann::json& formula : entry.at("formula")) {
      if (formula == rule.key) return &rule;
    }
  }
  return nullptr;
}

void Runner::RunCase(const nlohmann::json& entry, const Rule& rule, Case::Results& results) {
  Case::Results own = {{}, results.largest, results.largest_at};
  Case run;
  run.id_ = entry.at("id");
  run.case_ = &entry;
  run.manifest_ = &manifest_;
  run.tensors_ = &tensors_;
  run.results_ = &own;
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    if (rule.passes == (type == at::kDouble ? Passes::kFp32 : Passes::kFp64)) continue;
    run.type_ = type;
    try {
      rule.handler(run);
    } catch (const std::exception& error) {
      ADD_FAILURE() << run.id() << ": " << error.what();
    }
  }
  for (const std::string& label : run.OutputLabels()) {
    EXPECT_TRUE(own.compared.contains(label)) << run.id() << ": no pass compared the output " << label;
  }
  results = {{}, own.largest, own.largest_at};
}

void Runner::Run() {
  if (manifest_.is_null()) return;
  int ran = 0;
  std::map<std::string, int> left_out;  // by reason
  Case::Results results;
  for (const nlohmann::json& entry : manifest_.at("cases")) {
    const Rule* rule = Find(entry);
    if (rule == nullptr) {
      ADD_FAILURE() << topic_ << ": case " << entry.at("id")
                    << " has no handler and no reason to be left out";
    } else if (!rule->handler) {
      ++left_out[rule->reason];
    } else {
      RunCase(entry, *rule, results);
      ++ran;
    }
  }
  EXPECT_GT(ran, 0) << topic_ << ": nothing ran";
  int excluded = 0;
  for (const auto& [reason, count] : left_out) excluded += count;
  const auto with_reason = [](std::string* out, const auto& item) {
    absl::StrAppend(out, item.second, " ", item.first);
  };
  std::cout << topic_ << ": " << ran << " cases ran, " << excluded << " not asked for yet ("
            << absl::StrJoin(left_out, "; ", with_reason) << "), largest error " << results.largest
            << " of its limit (" << results.largest_at << ")\n";
}

}  // namespace simclr::oracle
