#include "bench/control_plane/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"

namespace simclr::bench {

void Report::SetFacts(Facts facts) {
  facts_ = std::move(facts);
  for (const auto& [name, value] : facts_) absl::PrintF("%-18s %s\n", name, value);
  if (!beside_.empty()) absl::PrintF("%-18s %s\n", "columns", "this report, the one beside it");
  std::fflush(stdout);
}

void Report::BeginRow(const std::string& row, const std::string& title) {
  row_ = row;
  absl::PrintF("\n%s: %s\n", row, title);
  std::fflush(stdout);
}

absl::Status Report::SetBeside(const std::string& json) {
  const nlohmann::json report = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object() || !report.contains("figures")) {
    return absl::InvalidArgumentError("--beside names no report of this program");
  }
  for (const nlohmann::json& figure : report["figures"]) {
    if (!figure["value"].is_number()) continue;
    beside_[{figure.value("row", ""), figure.value("name", "")}] = figure["value"];
  }
  return absl::OkStatus();
}

std::string Report::Before(const Figure& figure) const {
  if (beside_.empty()) return "";
  const auto found = beside_.find({figure.row, figure.name});
  return found == beside_.end() ? absl::StrFormat("%12s", "-") : absl::StrFormat("%12.2f", found->second);
}

void Report::Keep(Figure figure) {
  figure.row = row_;
  const std::string value = figure.missing ? "-" : absl::StrFormat("%.2f", figure.value);
  absl::PrintF("  %-52s %12s%s %-6s %s\n", figure.name, value, Before(figure), figure.unit, figure.remark);
  std::fflush(stdout);
  figures_.push_back(std::move(figure));
}

void Report::Add(const std::string& name, double value, const std::string& unit, const std::string& remark) {
  Keep({.row = "", .name = name, .unit = unit, .remark = remark, .value = value, .missing = false});
}

void Report::AddLatencies(const std::string& name, const Samples& samples) {
  if (samples.count() == 0) return AddMissing(name, "no sample");
  const std::string remark = "of " + std::to_string(samples.count());
  for (const auto& [word, percent] : {std::pair{"p50", 50.0}, {"p99", 99.0}, {"max", 100.0}}) {
    Add(name + ", " + word, absl::ToDoubleMilliseconds(samples.Percentile(percent)), "ms", remark);
  }
}

void Report::AddMissing(const std::string& name, absl::string_view reason) {
  Keep({.row = "", .name = name, .unit = "", .remark = std::string(reason), .value = 0, .missing = true});
}

std::string Report::Json() const {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : facts_) json["facts"][name] = value;
  json["figures"] = nlohmann::ordered_json::array();
  for (const Figure& figure : figures_) {
    nlohmann::ordered_json entry = {{"row", figure.row}, {"name", figure.name}};
    entry["value"] = figure.missing ? nlohmann::ordered_json() : nlohmann::ordered_json(figure.value);
    if (!figure.unit.empty()) entry["unit"] = figure.unit;
    if (!figure.remark.empty()) entry["remark"] = figure.remark;
    json["figures"].push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

}  // namespace simclr::bench
