#include "bench/control_plane/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace simclr::bench {

void Report::SetFacts(Facts facts) {
  facts_ = std::move(facts);
  for (const auto& [name, value] : facts_) std::printf("%-18s %s\n", name.c_str(), value.c_str());
  std::fflush(stdout);
}

void Report::BeginRow(const std::string& row, const std::string& title) {
  row_ = row;
  std::printf("\n%s: %s\n", row.c_str(), title.c_str());
  std::fflush(stdout);
}

void Report::Keep(Figure figure) {
  figure.row = row_;
  if (figure.missing)
    std::printf("  %-52s %12s %-6s %s\n", figure.name.c_str(), "-", "", figure.remark.c_str());
  else
    std::printf("  %-52s %12.2f %-6s %s\n", figure.name.c_str(), figure.value, figure.unit.c_str(),
                figure.remark.c_str());
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
