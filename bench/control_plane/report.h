#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bench/control_plane/samples.h"

namespace simclr::bench {

// What was measured: printed line by line as it comes, and kept for a JSON file. Not thread-safe.
class Report {
 public:
  using Facts = std::vector<std::pair<std::string, std::string>>;

  // Prints the figures of an earlier report, as Json() gave it, beside those of the same name.
  // INVALID_ARGUMENT where it is none.
  absl::Status SetBeside(const std::string& json);

  // Of the machine and of the programs; printed first.
  void SetFacts(Facts facts);

  // The figures that follow belong to this row.
  void BeginRow(const std::string& row, const std::string& title);
  void Add(const std::string& name, double value, const std::string& unit, const std::string& remark = "");
  // p50, p99 and the slowest one, in milliseconds.
  void AddLatencies(const std::string& name, const Samples& samples);
  // A figure that these programs cannot give.
  void AddMissing(const std::string& name, absl::string_view reason);

  std::string Json() const;

 private:
  struct Figure {
    std::string row, name, unit, remark;
    double value = 0;
    bool missing = false;
  };
  void Keep(Figure figure);

  std::string Before(const Figure& figure) const;

  std::map<std::pair<std::string, std::string>, double> beside_;  // by row and name
  Facts facts_;
  std::string row_;
  std::vector<Figure> figures_;
};

}  // namespace simclr::bench
