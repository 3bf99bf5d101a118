#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Which jobs a list shows. Every condition that is set must hold.
struct JobFilter {
  std::vector<v1::JobKind> kinds;  // empty: all
  std::vector<v1::Phase> phases;   // empty: all
  std::string name;
  std::string name_prefix;
  std::string owner;
  std::map<std::string, std::string> labels;
  absl::Time since = absl::InfinitePast();           // submitted at or after
  absl::Time until = absl::InfiniteFuture();         // submitted before
  absl::Time ended_before = absl::InfiniteFuture();  // other than this: open jobs do not match

  bool Matches(const v1::JobRecord& record) const;
};

}  // namespace simclr::coordinator
