#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "simclr/v1/job.pb.h"

namespace simclr::cli {

// "45s", "12m", "3h20m", "2d4h": the two largest units. Pure.
std::string ShortDuration(absl::Duration duration);
// "1.5 GiB". Pure.
std::string ShortBytes(std::int64_t bytes);
// InfinitePast where unset. Pure.
absl::Time ToTime(const google::protobuf::Timestamp& time);
// "2026-01-31 12:00:00" in the local time zone, "-" where unset.
std::string LocalTime(const google::protobuf::Timestamp& time);

// How long ago, "-" where unset.
std::string Age(const google::protobuf::Timestamp& since);

// `text`, or "-" where it is empty.
std::string OrDash(absl::string_view text);

// "run=7,team=vision", by name; "-" where a job has no labels. Pure.
std::string LabelsText(const v1::JobSpec& spec);

// For one line of the screen: the first line of `text`, printable, with " ..." where others follow. Pure.
std::string FirstLine(absl::string_view text);

// Columns as wide as their widest cell, two blanks between; what is in a cell is made printable. A long table
// may be written in parts: columns then only grow wider. Pure.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { AddRow(std::move(header)); }
  void AddRow(std::vector<std::string> cells);
  // The rows that were added since the last call; the header is the first.
  std::string Text();

 private:
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace simclr::cli
